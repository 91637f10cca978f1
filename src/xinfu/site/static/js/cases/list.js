/* List of cases: tabs follow the filters; a telephone or identity number typed as 编号 is sent apart, never in an address. */
(function () {
  "use strict";
  const one = window.xinfu.one;
  const all = window.xinfu.all;
  const PERSONAL = /^(1[3-9]\d{9}|\d{17}[\dXx]|\d{15})$/;
  const OWN = ["light", "mark", "sort", "page", "after", "before", "count"];

  function tabs() {
    const query = new URLSearchParams(window.location.search);
    const kept = new URLSearchParams(query);
    OWN.forEach(function (name) { kept.delete(name); });
    all("[data-tabs] a").forEach(function (link) {
      const name = link.getAttribute("data-name");
      const value = link.getAttribute("data-value");
      const address = new URLSearchParams(kept);
      if (name) { address.set(name, value); }
      link.href = "?" + address.toString();
      const here = name === "light" ? query.get("light") === value
        : name === "mark" ? Boolean(query.get("mark")) && !query.get("light")
        : !query.get("light") && !query.get("mark");
      if (here) { link.setAttribute("aria-current", "page"); } else { link.removeAttribute("aria-current"); }
    });
  }
  document.addEventListener("htmx:pushedIntoHistory", tabs);
  document.addEventListener("htmx:afterSettle", tabs);

  function apart(event) {
    const form = event.target.closest ? event.target.closest("form.list-filters") : null;
    const box = form && one("[name=q]", form);
    const said = box ? box.value.replace(/\s/g, "") : "";
    if (!PERSONAL.test(said)) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const find = document.getElementById("find-person");
    one("[name=value]", find).value = said;
    box.value = "";
    find.requestSubmit();
  }
  document.addEventListener("submit", apart, true);
})();
