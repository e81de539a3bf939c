// A table wider than its box scrolls: lets the keyboard reach it where the browser does not.

for (const box of document.querySelectorAll(".results, .wrapper, .scrolls, .module, .panel")) {
  if (box.scrollWidth > box.clientWidth) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.ariaLabel = box.querySelector("caption, h2")?.textContent.trim() || "Table";
  }
}
