// Functions that look at a page and return its problems as lines of text; an empty list is good.
// They read what the browser computed, so they need no copy of the rules of the stylesheet.
(() => {
  const seen = (list) => [...new Set(list)];

  // ---- naming an element in a problem -------------------------------------------------------
  const named = (el) => {
    const own = (e) => {
      const css = (e.getAttribute("class") || "").trim().split(/\s+/).filter(Boolean).join(".");
      return e.localName + (e.id ? "#" + e.id : "") + (css ? "." + css : "");
    };
    const above = el.parentElement ? own(el.parentElement) + " > " : "";
    const words = (el.getAttribute("aria-label") || el.textContent || "").trim().slice(0, 40);
    return above + own(el) + (words ? ` “${words.replace(/\s+/g, " ")}”` : "");
  };

  const shown = (el) => el.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const forReadersAlone = (el) => !!el.closest(".sr, .skip, .sprite, thead");

  // ---- colours ------------------------------------------------------------------------------
  const parse = (text) => {
    const found = text.match(/[\d.]+/g);
    if (!found || !text.startsWith("rgb")) return null;
    const [r, g, b, a = 1] = found.map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => {
    const mix = (x, y) => x * top.a + y * (1 - top.a);
    return { r: mix(top.r, under.r), g: mix(top.g, under.g), b: mix(top.b, under.b), a: 1 };
  };
  const light = ({ r, g, b }) => {
    const part = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const contrast = (x, y) => {
    const [low, high] = [light(x), light(y)].sort((p, q) => p - q);
    return (high + 0.05) / (low + 0.05);
  };
  const page = () => parse(getComputedStyle(document.body).backgroundColor);

  // The colour behind an element of HTML: that of the nearest ancestors that paint one.
  const ground = (el) => {
    const layers = [];
    for (let e = el; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour && colour.a > 0) layers.push(colour);
      if (colour && colour.a === 1) break;
    }
    return layers.reduceRight((under, top) => over(top, under), page());
  };
  // The colour behind a text of a picture: its halo, or the last shape painted under its middle.
  const painted = (text) => {
    const style = getComputedStyle(text);
    const halo = parse(style.stroke);
    if (halo && parseFloat(style.strokeWidth) >= 3) return halo;
    const box = text.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    let found = ground(text.ownerSVGElement.parentElement);
    for (const [shape, there] of shapes(text.ownerSVGElement)) {
      if (x < there.left || x > there.right || y < there.top || y > there.bottom) continue;
      if (shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING) break;
      const fill = parse(getComputedStyle(shape).fill);
      if (!fill || !fill.a || !shown(shape)) continue;
      const local = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (shape.isPointInFill(local)) found = over(fill, found);
    }
    return found;
  };
  const shapes = (picture) =>
    [...picture.querySelectorAll(":is(rect, path, circle):not(defs *)")]
      .map((shape) => [shape, shape.getBoundingClientRect()]);

  const texts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = new Set();
    while (walker.nextNode()) {
      const el = walker.currentNode.parentElement;
      if (walker.currentNode.data.trim() && !/^(style|title|desc|option)$/.test(el.localName)) {
        if (shown(el) && !forReadersAlone(el)) found.add(el);
      }
    }
    return [...found];
  };

  // WCAG 2.2, 1.4.3. Controls that are off are excepted.
  const pale = () => {
    const problems = [];
    const judge = (el, colour, behind, what) => {
      const ratio = contrast(over(colour, behind), behind);
      if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)} of ${what}: ${named(el)}`);
    };
    for (const el of texts()) {
      if (el.closest("[aria-disabled=true], :disabled")) continue;
      const style = getComputedStyle(el);
      if (el.ownerSVGElement) judge(el, parse(style.fill), painted(el), "a label");
      else judge(el, parse(style.color), ground(el), "text");
      for (const pseudo of ["::before", "::after"]) {
        const made = getComputedStyle(el, pseudo);
        if (/^"[^"]*\w/.test(made.content)) judge(el, parse(made.color), ground(el), pseudo);
      }
    }
    for (const el of document.querySelectorAll("[placeholder]")) {
      if (!shown(el)) continue;
      const hint = getComputedStyle(el, "::placeholder");
      const colour = parse(hint.color);
      judge(el, { ...colour, a: colour.a * Number(hint.opacity) }, ground(el), "a placeholder");
    }
    return seen(problems);
  };

  // ---- what can be reached --------------------------------------------------------------------
  const TARGETS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const reachable = () =>
    [...document.querySelectorAll(`${TARGETS}, [tabindex="0"]`)].filter(shown);

  // What shows the focus: an outline, or a part of the element that changes its look.
  const look = (el) => {
    const parts = el.ownerSVGElement ? [el, ...el.children] : [el];
    return parts
      .map((part) => getComputedStyle(part))
      .map((s) => [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.backgroundColor, s.stroke, s.strokeWidth].join())
      .join("|");
  };
  // WCAG 2.2, 2.4.7 and 2.4.11: the focus shows, has contrast, and nothing hides it.
  const unseenFocus = () => {
    const problems = [];
    for (const el of reachable()) {
      const before = look(el);
      el.focus();
      if (document.activeElement !== el) { problems.push(`cannot have the focus: ${named(el)}`); continue; }
      if (look(el) === before) problems.push(`the focus does not show: ${named(el)}`);
      const style = getComputedStyle(el);
      const colour = parse(style.outlineColor);
      const behind = el.ownerSVGElement ? el.ownerSVGElement.parentElement
        : parseFloat(style.outlineOffset) < 0 ? el : el.parentElement;
      if (style.outlineStyle !== "none" && contrast(colour, ground(behind)) < 3)
        problems.push(`the focus is pale: ${named(el)}`);
      if (!el.ownerSVGElement && style.outlineStyle !== "none") {
        const wide = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
        const box = el.getBoundingClientRect();
        for (let up = el.parentElement; up && up !== document.body; up = up.parentElement) {
          const s = getComputedStyle(up);
          const hides = s.overflowX !== "visible" && s.overflowX !== "auto" && s.overflowX !== "scroll";
          if (!hides) continue;
          const clip = up.getBoundingClientRect();
          const cut = [clip.left - box.left + wide, box.right + wide - clip.right,
            clip.top - box.top + wide, box.bottom + wide - clip.bottom].filter((n) => n > 0.5);
          if (cut.length > 1) problems.push(`the focus is cut off: ${named(el)}`);
        }
      }
    }
    document.activeElement?.blur();
    scrollTo(0, 0);
    return seen(problems);
  };

  // WCAG 2.2, 2.5.8: 24 by 24, or alone within 24, or in a sentence.
  const small = () => {
    const inSentence = (el) => {
      if (getComputedStyle(el).display !== "inline") return false;
      const block = el.closest("p, li, dd, dt, td, th, span, div, h1, h2, h3");
      return !!block && block.textContent.trim().length > el.textContent.trim().length;
    };
    const area = (el) => (el.matches("[type=checkbox], [type=radio]") && el.closest("label")) || el;
    const ring = (el) => el.ownerSVGElement && el.querySelector(".ring");
    const boxes = [...document.querySelectorAll(TARGETS)]
      .filter((el) => shown(el) && !forReadersAlone(el))
      .map((el) => [el, (ring(el) || area(el)).getBoundingClientRect()])
      .filter(([, box]) => box.width && box.height);
    const isSmall = (box) => box.width < 24 || box.height < 24;
    const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
    const problems = [];
    for (const [el, box] of boxes) {
      if (!isSmall(box) || inSentence(el)) continue;
      const [x, y] = middle(box);
      const near = boxes.some(([other, there]) => {
        if (other === el || other.contains(el) || el.contains(other)) return false;
        const dx = Math.max(there.left - x, x - there.right, 0);
        const dy = Math.max(there.top - y, y - there.bottom, 0);
        if (Math.hypot(dx, dy) < 12) return true;
        const [u, v] = middle(there);
        return isSmall(there) && Math.hypot(u - x, v - y) < 24;
      });
      if (near) problems.push(`a target of ${box.width.toFixed()} by ${box.height.toFixed()}: ${named(el)}`);
    }
    return seen(problems);
  };

  // ---- structure ------------------------------------------------------------------------------
  const structure = () => {
    const problems = [];
    const all = (css) => [...document.querySelectorAll(css)];
    if (!document.documentElement.lang) problems.push("the language is not stated");
    if (!/\S+ · caretrail$/.test(document.title)) problems.push(`title: ${document.title}`);
    if (all("main").length !== 1) problems.push("not one main");
    if ((all("main")[0]?.innerText.trim().length ?? 0) <= 20) problems.push("the page says nothing");
    if (all("body > header").length !== 1) problems.push("not one header");
    if (all("body > footer").length !== 1) problems.push("not one footer");
    if (all(".skip")[0]?.getAttribute("href") !== "#main") problems.push("no link skips to the content");
    const heads = all("h1, h2, h3, h4, h5, h6").map((h) => [Number(h.localName[1]), h]);
    if (heads.filter(([level]) => level === 1).length !== 1) problems.push("not one h1");
    if (heads.length && heads[0][0] !== 1) problems.push(`a heading before the h1: ${named(heads[0][1])}`);
    heads.reduce((last, [level, h]) => {
      if (level > last + 1) problems.push(`a heading skips a level: ${named(h)}`);
      return level;
    }, 0);
    for (const el of texts())
      if (!el.closest("main, header, nav, footer, .skip")) problems.push(`outside of landmarks: ${named(el)}`);
    const navs = all("nav").map((nav) => nav.getAttribute("aria-label"));
    if (navs.includes(null) || seen(navs).length !== navs.length) problems.push(`names of nav: ${navs}`);
    for (const table of all("table")) {
      if (!table.querySelector("th")) problems.push(`a table without headers: ${named(table)}`);
      for (const th of table.querySelectorAll("th"))
        if (!th.scope) problems.push(`a header without scope: ${named(th)}`);
    }
    for (const field of all("input:not([type=hidden]), select, textarea")) {
      const label = field.labels?.[0]?.textContent.trim() || field.getAttribute("aria-label");
      if (!label) problems.push(`a field without a label: ${named(field)} ${field.name}`);
      if (field.matches("[type=radio]") && !field.closest("fieldset")?.querySelector("legend"))
        problems.push(`choices without a legend: ${field.name}`);
    }
    for (const el of all("[aria-labelledby], [aria-describedby], [for], [list]")) {
      for (const name of ["aria-labelledby", "aria-describedby", "for", "list"])
        for (const id of (el.getAttribute(name) || "").split(/\s+/).filter(Boolean))
          if (!document.getElementById(id)) problems.push(`${name} names no element: ${id}`);
    }
    const ids = all("[id]").map((el) => el.id);
    for (const id of seen(ids.filter((id, n) => ids.indexOf(id) !== n))) problems.push(`an id is used twice: ${id}`);
    for (const a of all('a[href^="#"]')) {
      const id = decodeURIComponent(a.getAttribute("href").slice(1));
      if (!document.getElementById(id)) problems.push(`a link leads nowhere: ${named(a)} #${id}`);
    }
    return seen(problems);
  };

  // ---- room -----------------------------------------------------------------------------------
  // Nothing is wider than the page. What scrolls by itself can be reached and has a name.
  const cutsText = (el) => {
    const clip = el.getBoundingClientRect();
    return texts().some((text) => el.contains(text) && text.getBoundingClientRect().right > clip.right + 1);
  };
  const cut = (paper) => {
    const root = document.documentElement;
    const problems = [];
    if (root.scrollWidth > root.clientWidth)
      problems.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);
    for (const el of document.querySelectorAll("body *")) {
      if (!shown(el) || forReadersAlone(el) || el.ownerSVGElement || el.localName === "svg") continue;
      const style = getComputedStyle(el);
      const wider = el.scrollWidth > el.clientWidth + 1 && style.overflowX !== "visible" && el.clientWidth > 0;
      const higher = el.scrollHeight > el.clientHeight + 1 && style.overflowY !== "visible" && el.clientHeight > 0;
      if (el.matches("input, select, textarea")) continue;
      if (paper && (wider || higher)) problems.push(`cut on paper: ${named(el)}`);
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
      if (!paper && wider && !scrolls && style.textOverflow !== "ellipsis" && cutsText(el)) problems.push(`cut: ${named(el)}`);
      if (!paper && (wider || higher) && scrolls) {
        const name = el.getAttribute("aria-label") || el.getAttribute("aria-labelledby");
        if (el.tabIndex !== 0 || !name) problems.push(`scrolls, but cannot be reached or has no name: ${named(el)}`);
      }
    }
    if (root.scrollWidth > root.clientWidth)
      for (const el of document.querySelectorAll("main *, header *, footer *"))
        if (shown(el) && el.getBoundingClientRect().right > root.clientWidth + 0.5)
          problems.push(`too wide: ${named(el)}`);
    return seen(problems).slice(0, 12);
  };

  // Controls are of no use on paper.
  const printed = () =>
    seen([...document.querySelectorAll("nav, button, .button, form:not(.form)")].filter(shown).map((el) => `on paper: ${named(el)}`)).concat(cut(true));

  globalThis.accessibility = { pale, unseenFocus, small, structure, cut: () => cut(false), printed };
})();
