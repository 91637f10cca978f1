/* The frame of every page: menus, keys, copying, focus after a swap, warning before the session ends, charts.
   Plain script without evaluation (CSP); every page reads and sends without it (A3). */
(function () {
  "use strict";
  const body = document.body;
  const one = (selector, root) => (root || document).querySelector(selector);
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  function token() {
    return JSON.parse(body.getAttribute("hx-headers") || "{}")["X-CSRFToken"] || "";
  }

  function say(text, now) {
    const place = document.getElementById(now ? "said-now" : "said");
    if (place) { place.textContent = ""; window.setTimeout(function () { place.textContent = text; }, 50); }
  }

  function isTyping(target) {
    return target && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox");
  }

  window.xinfu = { one: one, all: all, token: token, say: say, isTyping: isTyping, onRegion: onRegion };

  /* Call with the document now, and with every region that htmx brings later. */
  function onRegion(setUp) {
    setUp(document);
    document.addEventListener("htmx:afterSwap", function (event) { setUp(event.detail.target.isConnected ? event.detail.target : document); });
  }

  /* --- navigation on narrow screens --- */
  const nav = document.getElementById("site-nav");
  const toggle = one(".nav-toggle");
  if (nav && toggle) {
    toggle.setAttribute("role", "button");
    const show = function (open) {
      nav.classList.toggle("is-open", open);
      toggle.setAttribute("aria-expanded", String(open));
      if (open) { one("a", nav).focus(); } else { toggle.focus(); }
    };
    toggle.setAttribute("aria-expanded", "false");
    toggle.addEventListener("click", function (event) { event.preventDefault(); show(!nav.classList.contains("is-open")); });
    toggle.addEventListener("keydown", function (event) { if (event.key === " ") { event.preventDefault(); show(true); } });
    one(".nav-close", nav).addEventListener("click", function (event) { event.preventDefault(); show(false); });
    nav.addEventListener("keydown", function (event) { if (event.key === "Escape" && nav.classList.contains("is-open")) { show(false); } });
  }

  /* --- menus: one open at a time, closed by Escape or a click outside --- */
  document.addEventListener("click", function (event) {
    all("details.menu[open]").forEach(function (menu) { if (!menu.contains(event.target)) { menu.open = false; } });
    const copy = event.target.closest("[data-copy]");
    if (copy) { copyText(copy); }
    const print = event.target.closest("[data-print]");
    if (print) { window.print(); }
    if (event.target.closest("[data-keys-help]")) { showKeys(); }
    const closed = event.target.closest("[aria-disabled='true']");
    if (closed) { event.preventDefault(); }
    const steps = event.target.closest("[data-steps]");
    if (steps) { filterSteps(steps); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    all("details.menu[open]").forEach(function (menu) { menu.open = false; one("summary", menu).focus(); });
    hideKeys();
  });

  function copyText(button) {
    const text = button.getAttribute("data-copy");
    const done = function () {
      const before = button.textContent;
      button.textContent = "已复制";
      say("已复制" + text);
      window.setTimeout(function () { button.textContent = before; }, 1500);
    };
    if (navigator.clipboard && window.isSecureContext) { navigator.clipboard.writeText(text).then(done); return; }
    const area = document.createElement("textarea");
    area.value = text; area.className = "visually-hidden"; body.appendChild(area); area.select();
    document.execCommand("copy"); area.remove(); button.focus(); done();
  }

  /* --- time line: 全部, 对外, 操作记录 --- */
  function filterSteps(button) {
    const box = button.closest(".steps-box"), kind = button.getAttribute("data-steps");
    all("[data-steps]", box).forEach(function (b) { b.setAttribute("aria-pressed", String(b === button)); });
    all(".step", box).forEach(function (step) { step.hidden = kind !== "" && step.getAttribute("data-kind") !== kind; });
  }
  onRegion(function (root) { all(".steps-filter", root).forEach(function (f) { f.hidden = false; }); });

  /* --- double sending (F12): the button says so, and a second press does nothing --- */
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post") { return; }
    if (form.hasAttribute("data-is-sent")) { event.preventDefault(); return; }
    form.setAttribute("data-is-sent", "");
    const button = event.submitter;
    if (button && button.hasAttribute("data-busy")) {
      button.setAttribute("data-before", button.textContent);
      button.textContent = button.getAttribute("data-busy");
      button.setAttribute("data-is-busy", "");
    }
    if (form.hasAttribute("data-download")) {
      window.setTimeout(function () { release(form); const menu = form.closest("details"); if (menu) { menu.open = false; } }, 3000);
    }
  });
  function release(form) {
    form.removeAttribute("data-is-sent");
    all("[data-is-busy]", form).forEach(function (b) { b.textContent = b.getAttribute("data-before"); b.removeAttribute("data-is-busy"); });
  }
  window.addEventListener("pageshow", function () { all("form[data-is-sent]").forEach(release); });
  document.addEventListener("htmx:afterRequest", function (event) { if (event.target.matches && event.target.matches("form")) { release(event.target); } });

  /* --- errors: focus goes to the summary --- */
  const errors = one("[data-errors]");
  if (errors) { errors.focus(); }

  /* --- after a swap: focus stays where it was, or goes to the new heading; counts are said --- */
  let wasInside = false;
  document.addEventListener("htmx:beforeSwap", function (event) {
    const target = event.detail.target;
    wasInside = Boolean(target && target.contains(document.activeElement));
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    const region = event.detail.target && event.detail.target.id ? document.getElementById(event.detail.target.id) : event.target;
    if (!region) { return; }
    const total = one(".list-total strong", region);
    if (total) { say(total.textContent); }
    if (!wasInside || region.contains(document.activeElement)) { return; }
    const place = one("[data-focus]", region) || one("h2", region) || region;
    place.setAttribute("tabindex", "-1");
    place.focus({ preventScroll: true });
    wasInside = false;
  });
  document.addEventListener("htmx:responseError", function (event) {
    const code = event.detail.xhr.getResponseHeader("X-Request-Id") || "";
    notice("error", "系统暂时出错，内容已保留。请稍后重试；若仍不行，请把编号 " + code + " 告知管理员。");
  });
  document.addEventListener("htmx:sendError", function () { notice("error", "网络不通，内容已保留。请检查网络后重试。"); });

  function notice(level, text) {
    const place = one(".notices");
    if (!place) { return; }
    const box = document.createElement("div");
    box.className = "notice notice-" + level;
    box.textContent = text;
    place.replaceChildren ? place.replaceChildren(box) : (place.innerHTML = "", place.appendChild(box));
    say(text, level === "error");
    box.scrollIntoView({ block: "nearest" });
  }
  window.xinfu.notice = notice;

  /* --- the session's end (F11): warned five minutes before, kept by one click --- */
  const idle = Number(body.getAttribute("data-idle-minutes") || 0);
  if (idle > 0) {
    let last = Date.now();
    let bar = null;
    document.addEventListener("htmx:afterRequest", function (event) {
      const sent = event.detail.requestConfig ? event.detail.requestConfig.headers : {};
      if (!sent["X-Xinfu-Poll"]) { last = Date.now(); hide(); }
    });
    window.xinfu.touched = function () { last = Date.now(); hide(); };
    const hide = function () { if (bar) { bar.remove(); bar = null; } };
    const keep = function () {
      fetch(body.getAttribute("data-keep"), { method: "POST", headers: { "X-CSRFToken": token() }, credentials: "same-origin" })
        .then(function (answer) { if (answer.ok) { window.xinfu.touched(); say("已延长"); } else { window.location.reload(); } });
    };
    const show = function (minutes) {
      if (!bar) {
        bar = document.createElement("div");
        bar.className = "session-end";
        bar.setAttribute("role", "alert");
        const text = document.createElement("span");
        const button = document.createElement("button");
        button.type = "button"; button.className = "btn btn-primary"; button.textContent = "继续使用";
        button.addEventListener("click", keep);
        bar.append(text, button);
        body.appendChild(bar);
      }
      bar.firstChild.textContent = minutes > 0 ? "因长时间未操作，将在" + minutes + "分钟后自动退出登录，已填内容会保留。" : "已自动退出登录，请重新登录，已填内容会保留。";
    };
    window.setInterval(function () {
      const left = idle - (Date.now() - last) / 60000;
      if (left <= 5) { show(Math.max(0, Math.ceil(left))); }
    }, 10000);
  }

  /* --- keys (L10): never while a field has focus; switched off by a cookie, with a button in the help --- */
  const HELP = [["/", "搜索"], ["J", "下一行"], ["K", "上一行"], ["X", "选中这一行"], ["Enter", "打开这一行"], ["?", "显示快捷键"], ["Esc", "关闭"]];
  let keys = null;
  function hideKeys() { if (keys) { keys.remove(); keys = null; } }
  function showKeys() {
    if (keys) { hideKeys(); return; }
    keys = document.createElement("section");
    keys.className = "keys"; keys.setAttribute("role", "dialog"); keys.setAttribute("aria-label", "快捷键"); keys.tabIndex = -1;
    const list = document.createElement("dl");
    HELP.forEach(function (pair) {
      const dt = document.createElement("dt"), kbd = document.createElement("kbd"), dd = document.createElement("dd");
      kbd.textContent = pair[0]; dt.appendChild(kbd); dd.textContent = pair[1]; list.append(dt, dd);
    });
    const on = body.getAttribute("data-keys") === "on";
    const button = document.createElement("button");
    button.type = "button"; button.className = "btn btn-sm"; button.textContent = on ? "停用快捷键" : "启用快捷键";
    button.addEventListener("click", function () {
      const next = on ? "off" : "on";
      document.cookie = "xinfu_keys=" + next + "; path=/; max-age=31536000; samesite=lax";
      body.setAttribute("data-keys", next); hideKeys(); say(on ? "快捷键已停用" : "快捷键已启用");
    });
    keys.append(list, button);
    body.appendChild(keys);
    keys.focus();
  }
  function rows() { return all("[data-row]").filter(function (row) { return row.offsetParent !== null; }); }
  function move(step) {
    const found = rows();
    if (!found.length) { return; }
    const here = found.findIndex(function (row) { return row.classList.contains("is-here"); });
    const next = found[Math.min(found.length - 1, Math.max(0, here + step))];
    found.forEach(function (row) { row.classList.remove("is-here"); });
    next.classList.add("is-here");
    next.scrollIntoView({ block: "nearest" });
    const link = one("a[data-open], button, a", next);
    if (link) { link.focus({ preventScroll: true }); }
  }
  document.addEventListener("keydown", function (event) {
    if (body.getAttribute("data-keys") !== "on" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) { return; }
    if (isTyping(event.target)) { return; }
    const here = one("[data-row].is-here");
    if (event.key === "/") {
      const box = document.getElementById("site-search");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    } else if (event.key === "j" || event.key === "J") { move(1);
    } else if (event.key === "k" || event.key === "K") { move(-1);
    } else if ((event.key === "x" || event.key === "X") && here) {
      const pick = one("[data-pick]", here);
      if (pick) { pick.click(); }
    } else if (event.key === "Enter" && here && event.target === body) {
      const link = one("a[data-open]", here);
      if (link) { link.click(); }
    } else if (event.key === "?") { showKeys(); }
  });

  /* --- charts: options are plain JSON beside the canvas; the library comes only where one stands --- */
  function draw(box) {
    if (box.hasAttribute("data-is-drawn")) { return; }
    box.setAttribute("data-is-drawn", "");
    const options = JSON.parse(document.getElementById(box.getAttribute("data-chart")).textContent);
    options.aria = { enabled: true, decal: { show: true } };
    options.animation = false;
    options.tooltip = Object.assign({ trigger: "axis" }, options.tooltip || {}, { renderMode: "richText" });
    options.textStyle = Object.assign({ fontFamily: getComputedStyle(body).fontFamily, fontSize: 14, color: getComputedStyle(body).color }, options.textStyle || {});
    const label = box.getAttribute("aria-label");
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(options);
    box.setAttribute("aria-label", label);
    window.addEventListener("resize", function () { chart.resize(); });
    window.addEventListener("beforeprint", function () { chart.resize(); });
  }
  onRegion(function (root) {
    const found = all("[data-chart]", root);
    if (!found.length) { return; }
    if (window.echarts) { found.forEach(draw); return; }
    const script = document.createElement("script");
    script.src = one("meta[name='xinfu-echarts']").content;
    script.onload = function () { found.forEach(draw); };
    document.head.appendChild(script);
  });
})();
