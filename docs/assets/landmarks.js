// The theme wraps each copy button in a `nav`. A screen reader would list them all as places of the page.
new MutationObserver(() => {
  for (const wrapper of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    wrapper.setAttribute("role", "none");
  }
}).observe(document.documentElement, { childList: true, subtree: true });
