"use strict";
// Everything is there without this. With it: light or dark, keys, and a word when a part of a page could not be had.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  // ---- what this browser remembers (nothing, where it may not)

  const remembered = (name) => {
    try { return localStorage.getItem(`collage.${name}`); } catch { return null; }
  };
  const remember = (name, value) => {
    try {
      if (value === null) localStorage.removeItem(`collage.${name}`);
      else localStorage.setItem(`collage.${name}`, value);
    } catch { /* then it is asked again next time */ }
  };

  // ---- light or dark: before anything is painted, which is why this file is not deferred

  const ofSystem = () => (system.matches ? "dark" : "light");
  const paint = () => {
    const chosen = remembered("theme");
    root.dataset.bsTheme = chosen === "light" || chosen === "dark" ? chosen : ofSystem();
  };
  paint();
  system.addEventListener("change", paint);
  addEventListener("storage", paint);

  const turn = () => {
    const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
    remember("theme", next === ofSystem() ? null : next);  // as the system again: follow it again
    root.dataset.bsTheme = next;
  };

  // ---- keys

  const shown = (element) => element !== null && element.checkVisibility();
  const writing = (element) =>
    element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

  const step = (by) => {
    const rows = [...document.querySelectorAll("[data-row]")].filter(shown);
    if (rows.length === 0) return false;
    const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1);
    (rows[next].matches("a, button, [tabindex]") ? rows[next] : rows[next].querySelector("a, button"))?.focus();
    return true;
  };

  const search = () => {
    const box = document.querySelector("[data-search]");
    if (!shown(box)) return false;
    box.focus();
    box.select();
    return true;
  };

  const explain = () => {
    const keys = document.getElementById("keys");
    if (keys === null) return false;
    if (!keys.open) keys.showModal();
    return true;
  };

  const press = (key) => {
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!shown(target)) return false;
    target.click();
    return true;
  };

  const ways = { "?": explain, "/": search, "j": () => step(1), "k": () => step(-1) };

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (except !== null && menu.contains(except)) continue;
      const within = menu.contains(document.activeElement);
      menu.open = false;
      if (within) menu.querySelector("summary").focus();
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (document.activeElement?.matches("[data-search]")) document.activeElement.blur();
      closeMenus(null);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.key.length !== 1) return;
    if (remembered("keys") === "off" || writing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if ((ways[event.key] ?? (() => press(event.key)))()) event.preventDefault();
  });
  document.addEventListener("click", (event) => closeMenus(event.target));

  // ---- what a page has for this

  document.addEventListener("DOMContentLoaded", () => {
    for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
    document.getElementById("theme")?.addEventListener("click", turn);
    document.getElementById("show-keys")?.addEventListener("click", explain);
    const letters = document.getElementById("letters");
    if (letters !== null) {
      letters.checked = remembered("keys") !== "off";
      letters.addEventListener("change", () => remember("keys", letters.checked ? null : "off"));
    }
  });

  // ---- htmx: an answer that is an error changes nothing on the page, and says so

  const trouble = (hidden) => {
    const place = document.getElementById("trouble");
    if (place !== null) place.hidden = hidden;
  };
  for (const name of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(name, () => trouble(false));
  document.addEventListener("htmx:afterSwap", () => trouble(true));

  // ---- allauth: what a security key did not do is told on the page

  document.addEventListener("allauth.error", (event) => {
    const place = document.getElementById("key-trouble");
    if (place === null) return;
    event.preventDefault();
    place.hidden = false;
  });
})();
