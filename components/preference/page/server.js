// A keeper of answers at a server; see file.js for what a keeper is.
//
// Each step waits in this browser, under a name of its own so that two tabs do not overwrite each
// other's, until the server has acknowledged it. Steps are posted one after the other, and again
// with the same id after a delay that grows; the server takes an id once.
function serverKeeper(told) {
  const { answers: address, csrf } = content.server;
  const WAITING = SLOT + "-unsent-";
  const ENDING = /^\d{9}-[0-9a-f-]{36}$/; // which step, and its id
  const [FIRST_DELAY, LONGEST_DELAY, PATIENCE] = [1000, 30000, 20000]; // milliseconds
  let refused = false;
  let fault = "";
  let timer = null;
  let posting = false;
  let failures = 0;
  let known = understood(content.server.state);
  if (!known) {
    told.warn("What the server holds of this study cannot be read: reload the page.");
    known = fresh(0);
  }
  let waiting = stored();
  let state = replayed();

  function warn() {
    refused = true;
    told.warn("This browser keeps nothing: stay on this page until it says that all is saved.");
  }

  // The server's state; null where it is none. Before a name is given there may be none.
  function understood(theirs) {
    if (!isObject(theirs)) return null;
    const found = { ...theirs, annotator: theirs.annotator === null ? "" : theirs.annotator };
    return isState(found) ? found : null;
  }

  // The steps that this page or another tab of it left unsent, in their order.
  function stored() {
    const ours = (name) => name.startsWith(WAITING) && ENDING.test(name.slice(WAITING.length));
    try {
      const names = Object.keys(localStorage).filter(ours).sort();
      const found = names.map((name) => ({ name, step: parsed(localStorage.getItem(name)) }));
      return found.filter(({ step }) => isObject(step) && typeof step.id === "string");
    } catch (error) {
      warn();
      return [];
    }
  }

  function keep(step) {
    const turnOf = ({ name }) => parseInt(name.slice(WAITING.length), 10);
    const turns = [...stored(), ...waiting].map(turnOf);
    const turn = String(Math.max(0, ...turns) + 1).padStart(9, "0");
    const name = `${WAITING}${turn}-${step.id}`;
    waiting.push({ name, step });
    try {
      localStorage.setItem(name, JSON.stringify(step));
    } catch (error) {
      warn();
    }
  }

  function drop({ name }) {
    waiting = waiting.filter((each) => each.name !== name);
    try {
      localStorage.removeItem(name);
    } catch (error) {
      warn();
    }
  }

  // What the server has, and what it does not have yet.
  function replayed() {
    return waiting.reduce((before, { step }) => after(before, step) || before, known);
  }

  // RFC 9562, version 4; crypto.randomUUID is for secure addresses only
  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // A step as it is sent; its annotator is who the server knows, if somebody else was faster.
  function asSent(step) {
    const who = "item" in step ? { annotator: known.annotator || state.annotator } : {};
    return JSON.stringify({ ...step, ...who, revision: known.revision });
  }

  async function post(step) {
    const ended = new AbortController();
    const patience = setTimeout(() => ended.abort(), PATIENCE);
    try {
      const answer = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
        body: asSent(step),
        keepalive: true, // goes on while the tab closes
        signal: ended.signal,
      });
      const body = await answer.json().catch(() => ({}));
      return { status: answer.status, body: isObject(body) ? body : {} };
    } catch (error) {
      return { status: 0, body: {} };
    } finally {
      clearTimeout(patience);
    }
  }

  function acknowledged(first) {
    known = { ...(after(known, first.step) || known), revision: known.revision };
    drop(first);
  }

  // Another tab or device is further. What was answered there counts; the rest is sent again.
  function takeOver(theirs) {
    known = theirs;
    let reached = known;
    for (const each of [...waiting]) {
      const next = after(reached, each.step);
      if (next) reached = next;
      else drop(each);
    }
    const before = answered(state);
    state = reached;
    if (answered(state) === before) told.status();
    else told.changed("You went on in another tab or on another device: this page goes on there.");
  }

  const answered = ({ annotator, answers }) =>
    JSON.stringify([annotator, ...answers.map((made) => [made.item, made.answers]).sort()]);

  function later(seconds) {
    failures += 1;
    const delay = Math.min(FIRST_DELAY * 2 ** (failures - 1), LONGEST_DELAY);
    timer = setTimeout(send, Math.max(delay, Number.isFinite(seconds) ? seconds * 1000 : 0));
  }

  async function send() {
    clearTimeout(timer);
    timer = null;
    if (posting) return;
    posting = true;
    let going = true;
    while (going && waiting.length) going = await sent(waiting[0]);
    posting = false;
    told.status();
  }

  // Posts one step; whether the next may follow at once.
  async function sent(first) {
    const { status, body } = await post(first.step);
    if (status === 200 && body.acknowledged === first.step.id && Number.isInteger(body.revision)) {
      acknowledged(first);
      known.revision = Math.max(known.revision, body.revision);
      [failures, fault] = [0, ""];
      told.status();
      return true;
    }
    const theirs = status === 409 ? understood(body.state) : null;
    if (theirs) {
      const again = known.revision === theirs.revision; // nothing new: do not ask at once
      takeOver(theirs);
      if (!again) return true;
    }
    const words = typeof body.error === "string" ? body.error.slice(0, 200) : `code ${status}`;
    fault = status ? words + (status === 403 ? ": reload this page" : "") : "";
    later(body.retry_after);
    told.status();
    return false;
  }

  function save(step) {
    const next = after(state, step);
    if (!next) return false;
    keep({ id: newId(), ...step });
    state = { ...next, revision: state.revision };
    if (timer === null) send(); // else it waits for its turn, as the server may have asked
    else told.status();
    return true;
  }

  window.addEventListener("online", send);
  send();

  return {
    get state() {
      return state;
    },
    save,
    status() {
      const count = waiting.length;
      if (!count) return { words: state.annotator ? "All saved." : "", unsafe: false };
      const said = [`${count} not yet saved.`];
      if (fault) said.push(`The server says: ${fault}.`);
      else if (failures) said.push("The server is not reached; trying again.");
      if (failures && !refused) said.push("What is not saved yet is kept in this browser.");
      return { words: said.join(" "), unsafe: true, failing: failures > 0 };
    },
  };
}
