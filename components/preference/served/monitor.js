"use strict";
(() => {
  const [lost, address] = [document.getElementById("lost"), location.href];
  const every = Number(document.getElementById("live").dataset.seconds) * 1000;

  async function look() {
    try {
      const answer = await fetch(address, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const found = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById("live").replaceWith(document.adoptNode(found.getElementById("live")));
      lost.textContent = "";
    } catch (error) {
      const words = "The server is not reached: these figures are old.";
      if (lost.textContent !== words) lost.textContent = words;
    }
    setTimeout(look, every);
  }

  setTimeout(look, every);
})();
