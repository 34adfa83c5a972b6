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

  // Where no list of conversations is open, as on a phone, it leaves the address as it was: a
  // reload, or a phone that ran out of memory, would begin anew.
  const began = '42["first_interaction",';
  const patience = 2000;
  const atTop = () => [root, `${root}/`].includes(location.pathname);
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string" || !data.startsWith(began)) {
          return;
        }
        const thread = JSON.parse(data.slice(2))[1].thread_id;
        setTimeout(() => {
          if (atTop() && this.readyState === WebSocket.OPEN) {
            history.replaceState(history.state, "", `${root}/thread/${thread}`);
          }
        }, patience);
      });
    }
  };
})();
