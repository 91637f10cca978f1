/* Passkeys: a form marked data-passkey asks the browser for one, puts its answer into the form and sends it. */
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) {
    window.xinfu.all("[data-passkey='create'] button").forEach(function (button) { button.disabled = true; });
    window.xinfu.all("[data-passkey='create'] ~ [data-passkey-said]").forEach(function (said) {
      said.textContent = "这个浏览器不支持通行密钥，请改用动态口令。";
      said.hidden = false;
    });
    return;
  }

  function bytes(text) {
    const plain = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    const plain = Array.from(new Uint8Array(buffer), function (b) { return String.fromCharCode(b); }).join("");
    return window.btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function opened(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) { options.user.id = bytes(options.user.id); }
    ["allowCredentials", "excludeCredentials"].forEach(function (name) {
      (options[name] || []).forEach(function (one) { one.id = bytes(one.id); });
    });
    return options;
  }

  function closed(made) {
    const answer = { clientDataJSON: text(made.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (made.response[name]) { answer[name] = text(made.response[name]); }
    });
    if (made.response.getTransports) { answer.transports = made.response.getTransports(); }
    return JSON.stringify({
      id: made.id, rawId: text(made.rawId), type: made.type, response: answer, clientExtensionResults: {},
    });
  }

  function tell(form, words) {
    const said = window.xinfu.one("[data-passkey-said]");
    said.textContent = words;
    said.hidden = !words;
    window.xinfu.all("button", form).forEach(function (button) { button.disabled = false; });
  }

  function ask(form) {
    const create = form.dataset.passkey === "create";
    const token = form.elements.csrfmiddlewaretoken.value;
    window.fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token }, credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) { throw new Error("answer " + answer.status); }
        return answer.json();
      })
      .then(function (options) {
        const given = { publicKey: opened(options) };
        return create ? navigator.credentials.create(given) : navigator.credentials.get(given);
      })
      .then(function (made) {
        form.elements.credential.value = closed(made);
        form.submit();
      })
      .catch(function (fault) {
        if (fault.name === "InvalidStateError") { tell(form, "这个设备上已经登记过通行密钥。"); return; }
        if (fault.name === "NotAllowedError") { tell(form, "没有完成：已取消、已超时，或这个设备上没有本系统的通行密钥。"); return; }
        tell(form, "没有完成，请刷新页面重试；如仍不行，请改用密码和动态口令。");
      });
  }

  window.xinfu.all("form[data-passkey]").forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      event.stopImmediatePropagation();
      tell(form, "");
      ask(form);
    }, true);
  });
})();
