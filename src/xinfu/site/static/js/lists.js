/* Work lists: selection that survives paging (L8), the way back (L6), folds, short addresses. */
(function () {
  "use strict";
  const house = window.xinfu, one = house.one, all = house.all;
  const store = window.sessionStorage;

  function read(key, usual) { try { return JSON.parse(store.getItem(key)) || usual; } catch (e) { return usual; } }
  function write(key, value) { try { store.setItem(key, JSON.stringify(value)); } catch (e) { return; } }

  function selection(list) {
    const name = list.getAttribute("data-list"), key = "picked:" + name, form = one("[data-bulk]", list);
    if (!form) { return; }
    let picked = new Set(read(key, []));
    let isAll = false;
    const show = function () {
      all("[data-pick]", list).forEach(function (box) {
        box.checked = isAll || picked.has(box.value);
        box.closest("tr").classList.toggle("is-picked", box.checked);
      });
      const page = one("[data-pick-page]", list), boxes = all("[data-pick]", list);
      if (page) { page.checked = boxes.length > 0 && boxes.every(function (b) { return b.checked; }); }
      form.hidden = !isAll && picked.size === 0;
      one("[name=picked]", form).value = Array.from(picked).join(",");
      one("[name=all]", form).value = isAll ? "1" : "";
      one(".bulk-said", form).textContent = isAll ? "已选中全部符合条件的" : "已选中 " + picked.size + " 行";
      write(key, Array.from(picked));
    };
    list.addEventListener("change", function (event) {
      const box = event.target;
      if (box.matches("[data-pick]")) { isAll = false; if (box.checked) { picked.add(box.value); } else { picked.delete(box.value); } show(); }
      if (box.matches("[data-pick-page]")) {
        isAll = false;
        all("[data-pick]", list).forEach(function (b) { if (box.checked) { picked.add(b.value); } else { picked.delete(b.value); } });
        show();
      }
    });
    one("[data-pick-all]", form).addEventListener("click", function () { isAll = true; show(); });
    one("[data-pick-none]", form).addEventListener("click", function () { isAll = false; picked = new Set(); show(); });
    show();
  }

  function wayBack(list) {
    const key = "place:" + list.getAttribute("data-list"), box = one(".list-scroll", list);
    const kept = read(key, null), here = window.location.pathname + window.location.search;
    if (kept && kept.address === here) {
      if (box) { box.scrollTop = kept.inside; }
      window.scrollTo(0, kept.outside);
      const row = all("[data-row]", list).find(function (r) { return r.getAttribute("data-row") === kept.row; });
      if (row) { row.classList.add("is-here"); }
      store.removeItem(key);
    }
    list.addEventListener("click", function (event) {
      const row = event.target.closest("a") && event.target.closest("[data-row]");
      if (row) { write(key, { address: window.location.pathname + window.location.search, inside: box ? box.scrollTop : 0, outside: window.scrollY, row: row.getAttribute("data-row") }); }
    });
  }

  function folds(list) {
    all("[data-fold]", list).forEach(function (fold) {
      const key = "fold:" + fold.getAttribute("data-fold");
      if (read(key, false)) { fold.open = true; }
      fold.addEventListener("toggle", function () { write(key, fold.open); });
    });
  }

  /* On a phone the filters fold away behind one button, so that the first rows are in sight. */
  function foldFilters(list) {
    const form = one(".list-filters", list);
    if (!form || window.innerWidth > 640 || one("[aria-invalid]", form)) { return; }
    const button = document.createElement("button");
    const chips = all(".chip:not(.chip-clear)", list).length;
    button.type = "button"; button.className = "btn filters-fold"; button.setAttribute("aria-expanded", "false");
    button.textContent = chips ? "筛选条件（已选 " + chips + " 项）" : "筛选条件";
    button.addEventListener("click", function () {
      const folded = form.classList.toggle("is-folded");
      button.setAttribute("aria-expanded", String(!folded));
    });
    form.classList.add("is-folded");
    form.insertBefore(button, form.firstChild);
  }

  /* What was selected is forgotten once its bulk run has begun, not before: the way back keeps it. */
  all("[data-forget]").forEach(function (box) { write("picked:" + box.getAttribute("data-forget"), []); });

  /* Live counts of the pinned views: asked now and each minute while the page is in sight. */
  const rail = one("[data-rail]");
  if (rail) {
    const count = function () {
      if (document.hidden) { return; }
      fetch(rail.getAttribute("data-rail"), { credentials: "same-origin", headers: { "X-Xinfu-Poll": "1" } })
        .then(function (answer) { return answer.ok ? answer.json() : {}; })
        .then(function (counts) {
          all("[data-view]", rail).forEach(function (place) {
            const found = counts[place.getAttribute("data-view")];
            if (found !== undefined) { place.textContent = found; }
          });
        }).catch(function () { return null; });
    };
    count();
    window.setInterval(count, 60000);
    document.addEventListener("visibilitychange", count);
  }

  house.onRegion(function (root) {
    const found = root.matches && root.matches(".list") ? [root] : all(".list", root);
    found.concat(all(".list")).forEach(function (list) {
      if (list.hasAttribute("data-is-set")) { return; }
      list.setAttribute("data-is-set", "");
      selection(list); foldFilters(list); wayBack(list); folds(list);
    });
  });

  /* Empty filters stay out of the address. */
  document.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.verb !== "get" || !event.target.matches("form.list-filters")) { return; }
    const given = event.detail.parameters;
    Object.keys(given).forEach(function (name) { if (given[name] === "") { delete given[name]; } });
  });
})();
