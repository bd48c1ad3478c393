"use strict";
(() => {
  const [lost, address] = [document.getElementById("lost"), new URL(location.href)];
  address.searchParams.set("part", "live"); // without styles and scripts, which the policy ties to one page
  const every = Number(document.getElementById("live").dataset.seconds) * 1000;

  async function look() {
    clearTimeout(next);
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
    next = setTimeout(look, every);
  }

  let next = setTimeout(look, every);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") look(); // a tab that is hidden may have slept
  });
})();
