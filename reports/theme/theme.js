// Light or dark, before the page is drawn: what the reader chose, else what the system says.
try {
  document.documentElement.dataset.theme = localStorage.getItem("cloud-discovery-theme") || "";
} catch (error) {
  // a browser that keeps nothing for pages from disk: the system's choice holds
}
