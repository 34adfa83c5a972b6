// What Chainlit's page leaves out.
"use strict";
(() => {
  const root = document.querySelector('meta[property="og:root_path"]')?.content ?? "";
  const login = `${root}/login`;

  // Its socket asks again for ever where it is refused; who was shut out would not learn it.
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    this.addEventListener("load", () => {
      const isOurs = this.responseURL.startsWith(`${location.origin}${root}/ws/`);
      if (this.status === 401 && isOurs && location.pathname !== login) {
        location.href = login;
      }
    });
    return send.call(this, body);
  };
})();
