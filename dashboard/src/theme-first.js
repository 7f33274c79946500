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
})();
