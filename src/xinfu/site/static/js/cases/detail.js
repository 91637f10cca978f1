/* One case: personal data that was shown is covered again after a minute. */
(function () {
  "use strict";
  const box = window.xinfu.one("[data-remask]");
  if (!box) { return; }
  let left = Number(box.getAttribute("data-remask"));
  const said = window.xinfu.one("[data-remask-left]", box);
  box.focus();
  const clock = window.setInterval(function () {
    left -= 1;
    if (left > 0) {
      if (left % 10 === 0) { said.textContent = left + " 秒后自动遮盖。"; }
      return;
    }
    window.clearInterval(clock);
    const back = window.xinfu.one("a.btn", box).href;
    window.xinfu.all("dd", box).forEach(function (value) { value.textContent = "已遮盖"; });
    window.location.replace(back);
  }, 1000);
})();
