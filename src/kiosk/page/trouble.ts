// The page's own faults, said in the page: whatever nobody else has caught ends here, and never in a page that is blank or dead.

const words = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

/** From now on, says such faults in the page's notice. */
export function sayFaults(): void {
  const say = (reason: unknown): void => {
    const notice = document.querySelector('.notice');
    if (notice?.textContent !== '') return;
    notice.textContent = `Something in this page has failed (${words(reason)}). Load it anew; what it remembers stays.`;
  };
  addEventListener('error', ({ error, message }) => {
    say(error ?? message);
  });
  addEventListener('unhandledrejection', ({ reason }) => {
    say(reason);
  });
}
