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

  // ---- the search: a list below the box, by arrows; and a telephone's number in an address, which is taken out of it

  const box = (element) => (element?.matches("[data-search]") ? element : null);
  const hits = () => [...document.querySelectorAll("#finds a")].filter(shown);
  const fold = () => {
    const place = document.getElementById("finds");
    if (place === null || place.childElementCount === 0) return false;
    const within = place.contains(document.activeElement);
    place.replaceChildren();
    if (within) document.querySelector("[data-search]")?.focus();
    return true;
  };
  const along = (by) => {
    const these = hits();
    if (these.length === 0) return false;
    const next = these.indexOf(document.activeElement) + by;
    (next < 0 ? document.querySelector("[data-search]") : these[Math.min(next, these.length - 1)])?.focus();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (event.isComposing || !(box(at) || at?.closest("#finds"))) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if ((event.key === "ArrowDown" || !box(at)) && along(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    } else if (event.key === "Escape" && fold()) {
      event.stopImmediatePropagation();  // the box stays: only the list goes
      event.preventDefault();
    } else if (event.key === "Enter" && box(at)) {
      const list = document.querySelector("#finds > [data-asked]");  // of what is typed now, or of what was before?
      if (list?.dataset.asked !== at.value.trim() || hits().length === 0) return;
      event.preventDefault();
      hits()[0].click();
    }
  }, true);
  document.addEventListener("click", (event) => {
    if (event.target.closest("search") === null) fold();
  });

  const fromAddress = () => {
    const form = document.querySelector("form[data-from-address]");
    // a telephone system writes +49 as it is; elsewhere + is a blank
    const said = new URLSearchParams(location.hash.slice(1).replace(/((?:^|&)phone=)([^&]*)/, (_, name, number) => name + number.replaceAll("+", "%2B")));
    if (form === null || location.hash === "") return;
    history.replaceState(null, "", location.pathname);
    const fields = [...form.elements].filter((field) => field.name !== "" && said.get(field.name));
    for (const field of fields) {
      if (field.name !== "csrfmiddlewaretoken") field.value = said.get(field.name);
    }
    if (fields.length > 0) form.requestSubmit();
  };
  document.addEventListener("DOMContentLoaded", fromAddress);
  addEventListener("hashchange", fromAddress);

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
