/* The page on which people come back from a unified log-in posts what it carries on at once. */
(function () {
  "use strict";
  const form = document.querySelector("form[data-onward]");
  if (form) { form.submit(); }
})();
