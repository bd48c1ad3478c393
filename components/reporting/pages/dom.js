"use strict";
// What the page's other scripts share: they stand in one element, one after the other.
const content = JSON.parse(document.getElementById("content").textContent);

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// An element with its properties and what is in it.
function make(tag, values, ...children) {
  const made = Object.assign(document.createElement(tag), values);
  made.append(...children);
  return made;
}
