"use strict";
(() => {
  const root = document.documentElement, pages = [...document.querySelectorAll(".page")];
  const form = document.getElementById("filters"), told = form.querySelector("output"), shade = document.getElementById("shade"), order = document.getElementById("order");
  const kinds = [...form.elements].filter((one) => one.name).map((one) => one.name);
  const inside = (clip) => clip.querySelector("template")?.content ?? clip;

  // one page at a time, by the address behind #; a clip is opened where it stands. Who reads by ear or by keys goes along
  function show(event) {
    const name = location.hash.slice(1) || pages[0].id;
    const target = document.getElementById(name) || pages[0];
    const page = target.closest(".page") || pages[0];
    for (const one of pages) one.hidden = one !== page;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === "#" + page.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const clips = [...page.querySelectorAll("details.clip")];
    for (const kind of kinds) {
      const asked = `[data-${kind}]`;
      form.elements[kind].parentNode.hidden = !page.querySelector(asked) && !clips.some((one) => inside(one).querySelector(asked));
    }
    form.hidden = kinds.every((kind) => form.elements[kind].parentNode.hidden);
    document.title = page.querySelector("h1").textContent + ": occluded micro-expressions";
    if (target.matches("details.clip")) {
      if (target.hidden) form.reset();
      fill(target);
      target.open = true;
      target.hidden = false;  // at once; the form is reset later
    }
    if (event) (target.matches("details.clip") ? target.querySelector("summary") : page).focus({ preventScroll: true });
    if (target !== page) target.scrollIntoView();
    else scrollTo(0, 0);
    count();
  }

  // what is in a clip is laid out when it is opened
  function fill(clip) {
    const place = clip.querySelector(".opened"), template = clip.querySelector("template");
    if (!template) return;
    place.append(template.content.cloneNode(true));
    template.remove();
    filter(place);
  }

  // an element that says of which conditions, methods, classes or subjects it is is hidden unless one that is asked for is among them
  function filter(within) {
    for (const kind of kinds) {
      for (const one of within.querySelectorAll(`[data-${kind}]`)) {
        one.hidden = kinds.some((k) => one.dataset[k] !== undefined && form.elements[k].value && !one.dataset[k].split("\n").includes(form.elements[k].value));
      }
    }
  }

  function count() {
    const page = pages.find((one) => !one.hidden);
    const all = [...page.querySelectorAll("details.clip, .table tr[data-condition], .table tr[data-method], .table tr[data-class], .table tr[data-subject]")];
    const left = all.filter((one) => !one.hidden).length;
    told.textContent = all.length && left < all.length ? `${left} of ${all.length} shown` : "";
  }

  // how many of a clip's answers are right, of those that are asked for
  function tally() {
    const { condition, method } = form.elements;
    for (const clip of document.querySelectorAll("details.clip")) {
      const answers = [...inside(clip).querySelectorAll("td.yes, td.no")].filter((one) =>
        (!condition.value || one.closest(".under").dataset.condition === condition.value) && (!method.value || one.parentNode.dataset.method === method.value));
      const right = answers.filter((one) => one.matches(".yes")).length;
      clip.dataset.share = answers.length ? right / answers.length : 2;
      clip.querySelector(".right").textContent = `${right} of ${answers.length} answers right`;
    }
    arrange();
  }

  function arrange() {
    const classes = [...form.elements.class.options].map((one) => one.value);
    const key = (clip) => (order.value === "class" ? classes.indexOf(clip.dataset.class) : Number(clip.dataset[order.value]));
    const clips = [...document.querySelectorAll("details.clip")].sort((a, b) => key(a) - key(b) || a.dataset.place - b.dataset.place);
    document.getElementById("clip-list").append(...clips);
  }

  function sort(button) {
    const head = button.closest("th"), table = button.closest("table"), place = head.cellIndex;
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => { const cell = row.cells[place]; return cell.dataset.order ?? cell.textContent.trim(); };
    const empty = (text) => text === "" || text === "–";
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const x = key(a), y = key(b);
      if (empty(x) || empty(y)) return empty(x) - empty(y);
      const order = isNaN(x) || isNaN(y) ? x.localeCompare(y, "en", { numeric: true }) : x - y;
      return up ? order : -order;
    });
    table.tBodies[0].append(...rows);
  }

  // Vega is started when it is asked for; it computes without eval, and loads nothing
  function vega() {
    if (window.vegaEmbed) return;
    const script = document.createElement("script");
    script.type = "module";
    script.textContent = document.getElementById("vega").textContent.replaceAll("<\\/", "</").replaceAll("<\\!--", "<!--");
    document.head.append(script);
  }

  async function enliven(button) {
    button.disabled = true;
    vega();
    while (!window.vegaEmbed) await new Promise((done) => setTimeout(done, 20));
    const name = button.dataset.figure, specs = JSON.parse(document.getElementById("specs").textContent)[name];
    const panels = document.querySelectorAll(`.panels[data-figure="${name}"] .panel`);
    for (let number = 0; number < specs.length; number++) {
      const told = dark() ? recoloured(specs[number]) : specs[number];
      await vegaEmbed(panels[number], { ...told, background: null }, { actions: false, ast: true, renderer: "svg" });
    }
    button.textContent = "Values are shown under the pointer";
  }

  const dark = () => root.dataset.shade === "dark";
  function recoloured(spec) {
    const ink = { labelColor: "#e6e8eb", titleColor: "#e6e8eb" }, config = spec.config;
    return { ...spec, config: { ...config, axis: { ...config.axis, ...ink, gridColor: "#353b43" }, legend: { ...config.legend, ...ink }, title: { ...config.title, color: "#e6e8eb" } } };
  }

  function turn(on) {
    root.dataset.shade = on ? "dark" : "light";
    shade.setAttribute("aria-pressed", String(on));
  }

  turn(matchMedia("(prefers-color-scheme: dark)").matches);
  shade.addEventListener("click", () => turn(!dark()));
  addEventListener("hashchange", show);
  addEventListener("load", () => setTimeout(show));  // the browser has scrolled to what the address names
  const ask = () => { filter(document); count(); tally(); };
  form.addEventListener("change", ask);
  form.addEventListener("reset", () => setTimeout(ask));
  order.addEventListener("change", arrange);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    if (event.target.matches(".sort")) sort(event.target);
    if (event.target.matches(".lively")) enliven(event.target);
    if (event.target.matches(".skip")) { event.preventDefault(); pages.find((one) => !one.hidden).focus(); }
  });
  document.addEventListener("toggle", (event) => { if (event.target.matches("details.clip") && event.target.open) fill(event.target); }, true);
  addEventListener("beforeprint", () => {
    for (const one of pages) one.hidden = false;
    for (const one of document.querySelectorAll("details.folded")) one.open = true;
  });
  addEventListener("afterprint", () => show());
  show();
})();
