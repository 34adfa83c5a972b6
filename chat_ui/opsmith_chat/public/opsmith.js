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

  // It tells in English, and in a programmer's, why a file is not taken.
  const refusals = {
    en: [
      [/^File type must be /, () => "Only readings (.csv) and manuals (.pdf) can be attached."],
      [/^File is larger than (\d+)/, ([, mb]) => `This file is larger than ${mb} MB.`],
      [/^Too many files/, () => "These are too many files for one message."],
    ],
    zh: [
      [/^File type must be /, () => "只能附上读数（.csv）或手册（.pdf）。"],
      [/^File is larger than (\d+)/, ([, mb]) => `此文件大于 ${mb} MB。`],
      [/^Too many files/, () => "一条消息所附的文件过多。"],
    ],
  }[document.documentElement.lang];
  const reword = (node) => {
    for (const [said, ours] of refusals ?? []) {
      const found = said.exec(node.data);
      if (found) {
        node.data = ours(found);
        return;
      }
    }
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const added of addedNodes) {
        const toasts = added.matches?.("[data-sonner-toast], [data-sonner-toaster]")
          ? [added]
          : (added.querySelectorAll?.("[data-sonner-toast]") ?? []);
        for (const toast of toasts) {
          const texts = document.createTreeWalker(toast, NodeFilter.SHOW_TEXT);
          while (texts.nextNode()) {
            reword(texts.currentNode);
          }
        }
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
