// Showing an item's images: from when on they can be seen, for how long, and whether they were
// looked at long enough for an answer. Times are of a clock that never jumps.
const looking = (() => {
  const LEAST = content.least_seconds * 1000; // milliseconds
  const LONGEST = 86400; // seconds: what the import takes
  const AGAIN = 3000; // milliseconds until images that did not load are asked for again
  const SEEN = SLOT + "-seen";
  const frames = at("images");
  let turn = 0; // of what is shown, so that what is late for an earlier item is passed over
  let shownAt = null;
  let asked = null;

  async function look(place) {
    asked = place;
    const mine = ++turn;
    const item = items[place];
    shownAt = null;
    at("failed").hidden = true;
    frames.classList.add("waiting");
    lock(true);
    say(single ? "The image is loading …" : "The images are loading …");
    const shown = (single ? ["left"] : ["left", "right"]).map((side) => load(side, item[side]));
    const loaded = await Promise.all(shown).then(() => true, () => false);
    if (mine !== turn) return;
    at("failed").hidden = loaded;
    if (!loaded) return later(mine);
    frames.classList.remove("waiting");
    if (brief) cover(mine, place);
    else begin(mine);
    if (place + 1 < items.length) ahead(items[place + 1]);
  }

  // A server may be away for a while; a file's images never come.
  function later(mine) {
    say("");
    if (content.server) setTimeout(() => mine === turn && look(asked), AGAIN);
  }

  async function load(side, address) {
    const image = at(side + "-image");
    image.src = address;
    await image.decode();
    markSmall(image);
  }

  // The next item's images, so that they are there when they are asked for.
  function ahead({ left, right }) {
    for (const address of [left, right]) if (address) new Image().src = address;
  }

  function begin(mine) {
    shownAt = performance.now();
    if (LEAST > 0) {
      say(`Look first: answers are taken after ${content.least_seconds} s.`);
    }
    setTimeout(() => {
      if (mine !== turn) return;
      lock(false);
      say("Choose now.");
    }, LEAST);
  }

  // Whether answers are not taken yet.
  function lock(now) {
    for (const button of all("[data-answer]")) button.setAttribute("aria-disabled", String(now));
  }

  function say(words, refused = false) {
    at("wait").textContent = words;
    at("wait").classList.toggle("refused", refused);
  }

  // An image that is seen briefly, when it is asked for and once, even if the page is opened again.
  function cover(mine, place) {
    if (seen() > place) {
      covered("You have seen this image: answer from memory.", false);
      return begin(mine);
    }
    covered(`Show the image for ${content.brief_seconds} s`, true);
    say("Ready?");
    at("cover").focus();
    at("cover").onclick = () => {
      at("cover").hidden = true;
      frames.classList.remove("covered");
      begin(mine);
      setTimeout(() => hide(mine, place), brief);
    };
  }

  function covered(words, open) {
    frames.classList.add("covered");
    at("cover").hidden = false;
    at("cover").disabled = !open;
    at("cover").firstChild.textContent = words;
    at("cover").lastChild.hidden = !open;
  }

  function hide(mine, place) {
    saw(place + 1);
    if (mine === turn) covered("Real or generated?", false);
  }

  let inThisTab = 0;

  function seen() {
    try {
      return Math.max(inThisTab, Number(localStorage.getItem(SEEN)) || 0);
    } catch (error) {
      return inThisTab;
    }
  }

  function saw(count) {
    inThisTab = count && Math.max(seen(), count);
    try {
      localStorage.setItem(SEEN, String(inThisTab));
    } catch (error) {
      // the keeper of the answers says that this browser keeps nothing
    }
  }

  at("retry").addEventListener("click", () => look(asked));

  return {
    look,
    forget: () => saw(0),
    uncover: () => brief && !at("cover").hidden && !at("cover").disabled && at("cover").click(),
    // Whether an answer may be taken; where not, the page says so.
    enough() {
      if (shownAt === null) {
        if (brief && at("failed").hidden) say("Not taken: see the image first.", true);
        return false;
      }
      const long = performance.now() - shownAt >= LEAST;
      if (!long) say(`Not taken: look for ${content.least_seconds} s first.`, true);
      return long;
    },
    seconds: () => Math.min(Math.round((performance.now() - shownAt) / 100) / 10, LONGEST),
  };
})();
