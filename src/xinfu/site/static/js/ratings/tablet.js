/* A window's tablet: taps prolong the time, the last 15 seconds are counted, the server is told that we are on.
   The server decides when an asking is over; what is counted here is only shown. */
(function () {
  "use strict";
  const LAST = 15, EVERY = 5000;
  const words = document.body.dataset;
  let ends = 0, told = 0, warned = false;

  function box() { return document.getElementById("tablet"); }
  function post(url, body) {
    return fetch(url, {
      method: "POST", body: body, credentials: "same-origin",
      headers: { "X-CSRFToken": words.token, "Content-Type": "application/x-www-form-urlencoded" }
    }).catch(function () { return null; });
  }
  function begin() {
    const left = Number(box().dataset.left);
    ends = left ? performance.now() + left * 1000 : 0;
    warned = false;
    told = performance.now();
    show();
  }
  function show() {
    const bar = document.getElementById("tablet-left");
    if (!bar) { return; }
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    bar.hidden = left > LAST;
    document.getElementById("tablet-seconds").textContent = String(left);
    if (left <= LAST && !warned) {
      document.getElementById("tablet-said").textContent = "时间快到了，点任意处可以继续。";
      warned = true;
    }
    if (left > LAST) { warned = false; }
  }
  function tapped(event) {
    const code = box().dataset.code, now = performance.now();
    const asked = event.target.closest && event.target.closest("[data-stay]");
    if (!code || (!asked && !warned && now - told < EVERY)) { return; }
    told = now;
    post(words.touch, "code=" + encodeURIComponent(code)).then(function (answer) {
      return answer && answer.ok ? answer.json() : null;
    }).then(function (said) {
      if (said && said.left) { ends = performance.now() + said.left * 1000; show(); }
    });
  }
  ["click", "input", "keydown"].forEach(function (name) { document.addEventListener(name, tapped); });
  document.addEventListener("htmx:afterSettle", function () {
    begin();
    const heading = document.getElementById("tablet-heading");
    if (heading) { heading.focus(); }
  });
  window.setInterval(show, 500);
  window.setInterval(function () { post(words.seen, ""); }, 60000);
  post(words.seen, "");
  begin();
})();
