/* Forms: drafts kept on the server (D5), growing text boxes, the calendar beside a day, uploads with progress. */
(function () {
  "use strict";
  const house = window.xinfu, one = house.one, all = house.all;
  const drafts = document.body.getAttribute("data-drafts");

  function contents(form) {
    const fields = {};
    all("textarea, input, select", form).forEach(function (field) {
      if (!field.name || field.name.charAt(0) === "_" || field.name === "csrfmiddlewaretoken") { return; }
      if (/^(hidden|password|file|submit|button)$/.test(field.type)) { return; }
      if (field.type === "radio" || field.type === "checkbox") { if (field.checked) { fields[field.name] = field.value; } return; }
      fields[field.name] = field.value;
    });
    return fields;
  }

  function fill(form, fields) {
    Object.keys(fields).forEach(function (name) {
      all("[name]", form).filter(function (f) { return f.name === name; }).forEach(function (field) {
        if (field.type === "radio" || field.type === "checkbox") { field.checked = field.value === fields[name]; return; }
        if (!field.value) { field.value = fields[name]; grow(field); }
      });
    });
  }

  function keepDraft(form, key) {
    let timer = null, before = JSON.stringify(contents(form)), isSent = false;
    const said = document.createElement("p");
    said.className = "draft-said"; said.setAttribute("aria-live", "polite");
    form.appendChild(said);
    const send = function () {
      const now = JSON.stringify(contents(form));
      if (now === before || isSent) { return; }
      before = now;
      fetch(drafts, {
        method: "POST", credentials: "same-origin", keepalive: true,
        headers: { "Content-Type": "application/json", "X-CSRFToken": house.token() },
        body: JSON.stringify({ key: key, fields: JSON.parse(now) })
      }).then(function (answer) {
        if (house.touched) { house.touched(); }
        return answer.json();
      }).then(function (answer) { said.textContent = answer.said || ""; }).catch(function () { said.textContent = "草稿暂时没有保存，请检查网络。"; });
    };
    form.addEventListener("input", function () { window.clearTimeout(timer); timer = window.setTimeout(send, 2500); });
    form.addEventListener("submit", function () { isSent = true; window.clearTimeout(timer); });
    window.addEventListener("pagehide", send);
    if (form.querySelector("[aria-invalid]")) { return; }
    fetch(drafts + "?key=" + encodeURIComponent(key), { credentials: "same-origin" }).then(function (a) { return a.json(); }).then(function (kept) {
      if (!Object.keys(kept.fields || {}).length) { return; }
      fill(form, kept.fields);
      before = JSON.stringify(contents(form));
      said.textContent = kept.said + " ";
      const drop = document.createElement("button");
      drop.type = "button"; drop.className = "copy"; drop.textContent = "丢弃草稿";
      drop.addEventListener("click", function () { form.reset(); before = ""; said.textContent = ""; send(); });
      said.appendChild(drop);
    }).catch(function () { return null; });
  }

  function grow(field) {
    if (!field.hasAttribute("data-grow")) { return; }
    field.style.height = "auto";
    field.style.height = Math.min(field.scrollHeight + 4, window.innerHeight * 0.6) + "px";
  }

  function day(pick) {
    const text = pick.previousElementSibling;
    pick.hidden = false;
    const sync = function () {
      const found = /^(\d{4})[-/年]?(\d{1,2})[-/月]?(\d{1,2})日?$/.exec(text.value.trim());
      pick.value = found ? found[1] + "-" + found[2].padStart(2, "0") + "-" + found[3].padStart(2, "0") : "";
    };
    pick.addEventListener("input", function () { text.value = pick.value; text.dispatchEvent(new Event("input", { bubbles: true })); });
    text.addEventListener("change", sync);
    sync();
  }

  function size(bytes) {
    return bytes >= 1048576 ? (bytes / 1048576).toFixed(1) + " MB" : Math.max(1, Math.round(bytes / 1024)) + " KB";
  }

  function upload(box) {
    const input = one("input[type=file]", box), said = one(".upload-said", box), form = input.form;
    input.addEventListener("change", function () {
      said.textContent = Array.from(input.files).map(function (f) { return f.name + "（" + size(f.size) + "）"; }).join("，");
    });
    if (!form) { return; }
    form.addEventListener("submit", function (event) {
      if (event.defaultPrevented || !input.files.length) { return; }
      event.preventDefault();
      const bar = document.createElement("progress");
      bar.max = 100; bar.className = "bar"; bar.setAttribute("aria-label", "上传进度");
      said.textContent = "正在上传 "; said.appendChild(bar);
      const data = new FormData(form);
      if (event.submitter && event.submitter.name) { data.append(event.submitter.name, event.submitter.value); }
      const call = new XMLHttpRequest();
      call.open("POST", form.action);
      call.upload.onprogress = function (e) { if (e.lengthComputable) { bar.value = e.loaded * 100 / e.total; } };
      call.onerror = function () { said.textContent = "上传中断，文件仍在，请重试。"; form.removeAttribute("data-is-sent"); };
      call.onload = function () {
        if (call.status < 300 && call.responseURL && call.responseURL.split("?")[0] !== form.action.split("?")[0]) { window.location.assign(call.responseURL); return; }
        const page = new DOMParser().parseFromString(call.responseText, "text/html"), main = one("main", page);
        if (!main) { said.textContent = "上传没有成功，请重试。"; form.removeAttribute("data-is-sent"); return; }
        document.title = page.title;
        one("main").replaceWith(document.adoptNode(main));
        setUp(document);
        const errors = one("[data-errors]");
        if (errors) { errors.focus(); }
      };
      call.send(data);
    });
  }

  /* Phrases (D5): fetched once when first opened, put in at the cursor; Alt+ArrowDown opens them from the text box. */
  const phrases = document.body.getAttribute("data-phrases");
  let offered = null;
  function offer(menu) {
    const field = document.getElementById(menu.getAttribute("data-phrases-for")), body = one("[data-phrases-body]", menu);
    if (!field || !phrases) { return; }
    const buttons = function () { return all("[data-phrase]", body).filter(function (b) { return !b.parentNode.hidden; }); };
    const insert = function (words) {
      const limit = Number(field.getAttribute("maxlength") || 0);
      const length = field.value.length - (field.selectionEnd - field.selectionStart) + words.length;
      menu.open = false;
      field.focus();
      if (limit && length > limit) { house.say("放不下：最多" + limit + "个字", true); house.notice("error", "放不下这条常用语：最多" + limit + "个字。"); return; }
      field.setRangeText(words, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      house.say("已插入常用语");
    };
    const show = function (html) {
      body.innerHTML = html;
      all("[id]", body).forEach(function (e) { e.id = e.id + "-" + field.id; });
      all("label[for]", body).forEach(function (e) { e.htmlFor = e.htmlFor + "-" + field.id; });
      const find = one("[data-phrases-find]", body);
      if (find) {
        find.addEventListener("input", function () {
          all("[data-phrase]", body).forEach(function (b) { b.parentNode.hidden = b.textContent.indexOf(find.value.trim()) < 0; });
        });
      }
      const first = find || buttons()[0] || one("a", body);
      if (first) { first.focus(); }
    };
    menu.addEventListener("toggle", function () {
      if (!menu.open) { return; }
      if (offered !== null) { show(offered); return; }
      fetch(phrases, { credentials: "same-origin" }).then(function (answer) {
        if (!answer.ok) { throw new Error("no phrases"); }
        return answer.text();
      }).then(function (html) { offered = html; if (menu.open) { show(html); } })
        .catch(function () { one("a", body).focus(); house.notice("error", "常用语暂时读不出来，请检查网络后重试。"); });
    });
    body.addEventListener("click", function (event) {
      const button = event.target.closest("[data-phrase]");
      if (button) { insert(button.textContent); }
    });
    body.addEventListener("keydown", function (event) {
      if (event.key === "Escape") { event.stopPropagation(); menu.open = false; field.focus(); return; }
      if (event.key === "Enter" && event.target.matches("[data-phrases-find]")) {
        event.preventDefault();
        if (buttons()[0]) { insert(buttons()[0].textContent); }
      }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") { return; }
      event.preventDefault();
      const found = buttons(), here = found.indexOf(document.activeElement);
      const next = found[Math.min(found.length - 1, Math.max(0, here + (event.key === "ArrowDown" ? 1 : -1)))];
      if (next) { next.focus(); }
    });
    field.addEventListener("keydown", function (event) {
      if (event.altKey && event.key === "ArrowDown") { event.preventDefault(); menu.open = true; }
    });
  }

  function once(selector, root, call) {
    all(selector, root).forEach(function (found) {
      if (found.hasAttribute("data-is-set")) { return; }
      found.setAttribute("data-is-set", "");
      call(found);
    });
  }
  function setUp(root) {
    once("[data-grow]", root, function (field) { field.addEventListener("input", function () { grow(field); }); grow(field); });
    once("[data-day-pick]", root, day);
    once("[data-upload]", root, upload);
    once("[data-phrases-for]", root, offer);
    if (drafts) { once("input[data-draft]", root, function (key) { keepDraft(key.form, key.value); }); }
  }
  house.onRegion(setUp);
})();
