(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('weir.theme');
  } catch {
    // No storage: as the system has it.
  }
  var dark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  // The frame that is painted ahead of the program is not that of this page.
  if (location.pathname === '/login') document.documentElement.dataset.bare = '';
})();
