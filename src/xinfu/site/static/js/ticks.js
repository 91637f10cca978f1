/* A long list of ticks gets a line to search in, and says how many are ticked. Without scripts it is the plain list. */
(() => {
  const FROM = 10;
  for (const field of document.querySelectorAll("fieldset.field")) {
    const boxes = [...field.querySelectorAll("input[type=checkbox]")];
    if (boxes.length < FROM || field.querySelector(".ticks-search")) continue;
    const name = field.querySelector("legend")?.firstChild?.textContent.trim() ?? "";
    const bar = document.createElement("div");
    bar.className = "ticks-bar";
    const search = document.createElement("input");
    search.type = "search";
    search.className = "form-control ticks-search";
    search.placeholder = "输入名称查找";
    search.autocomplete = "off";
    search.setAttribute("aria-label", `在${name}中查找`);
    const said = document.createElement("span");
    said.className = "ticks-said";
    said.setAttribute("role", "status");
    bar.append(search, said);
    const list = boxes[0].closest("fieldset.field > div");
    if (!list) continue;
    list.classList.add("ticks");
    list.before(bar);
    const rows = boxes.map((box) => ({ box, row: box.closest("label")?.parentElement ?? box.parentElement }));
    const show = () => {
      const wanted = search.value.trim().toLowerCase();
      let found = 0;
      for (const { row } of rows) {
        const fits = !wanted || row.textContent.toLowerCase().includes(wanted);
        row.hidden = !fits;
        if (fits) found += 1;
      }
      const ticked = boxes.filter((box) => box.checked).length;
      said.textContent = `已选${ticked}个${wanted ? `，找到${found}个` : ""}`;
    };
    search.addEventListener("input", show);
    search.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      const seen = rows.filter(({ row }) => !row.hidden);
      if (seen.length === 1) seen[0].box.click();
    });
    list.addEventListener("change", show);
    show();
  }
})();
