// Runs only in browsers that know no modules, and so none of the rest.
/* global document */
document.querySelector('.notice').textContent =
  'This browser is too old for this page. Use Chrome or Edge 111, Firefox 132, Safari 16.4, or later ones.';
