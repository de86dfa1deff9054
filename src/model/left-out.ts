// An empty module, for bundlers to put in the place of a runtime that a page does not use: `deep-marimba/left-out`.
export {};
