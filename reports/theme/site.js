// Tables, drill-downs and small comforts of the report. Every text from a log becomes a text node; nothing is ever read as HTML.
"use strict";

const CloudDiscovery = (() => {
  const kinds = {};          // entity → {buckets, facts, lists, most}
  const loaded = {};         // "entity-bucket" → {key → thing}
  const waiting = {};        // "entity-bucket" → callbacks
  const tables = {};         // id → {grid, columns, rows}
  let hasCsv = false;
  let period = ["", ""];      // first and last day of the report

  // ---- words

  const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
  const grouped = new Intl.NumberFormat("en-GB");
  const decimals = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

  const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

  function size(bytes) {
    let left = bytes, unit = 0;
    while (Math.abs(left) >= 999.95 && unit < UNITS.length - 1) { left /= 1000; unit += 1; }
    return unit ? `${left.toFixed(1)} ${UNITS[unit]}` : `${left} B`;
  }

  const words = (code) => String(code).replaceAll("_", " ");

  function parsed(json) {
    try { return JSON.parse(json || "null"); } catch (error) { return null; }
  }

  function reasonsOf(json) {
    const list = parsed(json);
    return Array.isArray(list) ? list.filter((one) => one && typeof one === "object") : [];
  }

  const said = (reason) => (reason.detail || "").replace(/\b(\d{1,18}) bytes\b/g, (all, count) => size(Number(count))) || words(reason.feature);

  function plain(column, value) {
    if (value === null || value === undefined || value === "") return column.optional ? "" : "unknown";
    switch (column.kind) {
      case "bytes": return size(value);
      case "count": return grouped.format(value);
      case "score": case "number": return decimals.format(value);
      case "words": case "outcome": return words(value);
      case "reasons": return reasonsOf(value).map(said).join("; ");
      case "traits": return value.split(" ").map(words).join(", ");
      case "tally": return Object.entries(parsed(value) || {}).map(([why, many]) => `${words(why)}: ${grouped.format(many)}`).join(", ");
      case "detected": return value ? "detection" : "configuration";
      default: return String(value);
    }
  }

  // ---- elements

  function element(name, attributes = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const BADGES = { band: "band-", tag: "tag-", severity: "sev-", outcome: "out-" };

  function shown(column, value, row) {
    const text = plain(column, value);
    const missing = value === null || value === undefined || value === "";
    if (missing) {
      if (column.optional) return element("span");
      const none = { tag: "none", words: "", reasons: "", tally: "" }[column.kind];
      return element("span", { class: "unknown" }, none ?? (["reason", "message", "duplicate_of_file"].includes(column.field) ? "" : "unknown"));
    }
    if (column.kind === "bytes") return element("span", { title: `${grouped.format(value)} bytes` }, text);
    if (column.kind === "link" && row[column.key] !== null && row[column.key] !== undefined)
      return element("a", { href: `#${column.entity}=${encodeURIComponent(row[column.key])}`, title: text }, text);
    if (column.kind in BADGES) return element("span", { class: `badge ${BADGES[column.kind]}${String(value).replace(/[^a-z_]/gi, "")}` }, text);
    if (column.kind === "score") return element("span", { class: "score" }, text);
    if (column.kind === "code") return element("code", { title: text }, text);
    return element("span", { title: text.length > 18 ? text : null }, text);
  }

  // ---- tables

  const NUMERIC = new Set(["bytes", "count", "score", "number"]);
  const CHOICES = new Set(["choice", "band", "tag", "outcome", "country", "severity"]);
  const FACTORS = { k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, tb: 1e12, b: 1, "": 1 };

  function limit(text) {
    const match = /^\s*([<>]?)=?\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text);
    if (!match || !(match[3].toLowerCase() in FACTORS)) return null;
    return { below: match[1] === "<", value: Number(match[2]) * FACTORS[match[3].toLowerCase()] };
  }

  function matches(column, wanted, value) {
    if (wanted === "" || wanted === null || wanted === undefined) return true;
    if (CHOICES.has(column.kind)) return plainChoice(column, value) === wanted;
    if (NUMERIC.has(column.kind)) {
      const bound = limit(wanted);
      if (!bound) return wanted.trim().toLowerCase() === "unknown" ? value === null : true;
      return value !== null && (bound.below ? value <= bound.value : value >= bound.value);
    }
    return plain(column, value).toLowerCase().includes(wanted.toLowerCase());
  }

  const plainChoice = (column, value) => (value === null && (column.kind === "tag" || column.optional) ? "none" : plain(column, value));

  function filterEditor(column, rows) {
    return (cell, onRendered, success) => {
      let field;
      if (CHOICES.has(column.kind)) {
        const values = [...new Set(rows.map((row) => plainChoice(column, row[column.field])))].sort();
        field = element("select", { "aria-label": `Filter ${column.label}` }, element("option", { value: "" }, "all"));
        values.slice(0, 200).forEach((value) => field.append(element("option", { value }, value)));
        field.addEventListener("change", () => success(field.value));
      } else {
        field = element("input", { type: "search", "aria-label": `Filter ${column.label}` });
        let timer = 0;
        const apply = () => { clearTimeout(timer); timer = setTimeout(() => success(field.value), 180); };
        field.addEventListener("input", apply);
      }
      field.value = cell.getValue() ?? "";
      field.addEventListener("click", (event) => event.stopPropagation());
      field.addEventListener("keydown", (event) => event.stopPropagation());
      return field;
    };
  }

  const ORDER = ["high", "medium", "low", "info", "informational", "unknown"];

  function compare(column) {
    return (first, second, rowA, rowB, ignored, direction) => {
      if (first === second) return 0;
      if (first === null || first === undefined) return direction === "asc" ? 1 : -1;   // unknown comes last, either way
      if (second === null || second === undefined) return direction === "asc" ? -1 : 1;
      if (NUMERIC.has(column.kind)) return first - second;
      if (column.kind === "band" || column.kind === "severity") return ORDER.indexOf(second) - ORDER.indexOf(first);
      return String(first).localeCompare(String(second), "en", { numeric: true, sensitivity: "base" });
    };
  }

  function definition(column, rows, place) {
    const numeric = NUMERIC.has(column.kind);
    return {
      field: column.field,
      title: column.label,
      headerTooltip: column.note || false,
      width: column.width,
      minWidth: 70,
      hozAlign: numeric ? "right" : "left",
      headerHozAlign: numeric ? "right" : "left",
      frozen: place === 0 && window.innerWidth > 700,
      formatter: (cell) => shown(column, cell.getValue(), cell.getRow().getData()),
      cssClass: column.wrap ? "wrap" : undefined,
      sorter: compare(column),
      headerSortStartingDir: numeric || column.kind === "instant" || column.kind === "band" ? "desc" : "asc",
      headerFilter: filterEditor(column, rows),
      headerFilterFunc: (wanted, value) => matches(column, wanted, value),
      headerFilterPlaceholder: column.kind === "bytes" ? "≥ 10 MB" : numeric ? "≥ 10" : "contains",
      headerFilterLiveFilter: false,
      headerFilterEmptyCheck: (value) => value === "" || value === null || value === undefined,
    };
  }

  function table(id, body) {
    const place = document.getElementById(id);
    if (!place) return;
    const rows = body.rows.map((values) => Object.fromEntries(body.fields.map((field, index) => [field, values[index]])));
    const isLong = rows.length > 14;
    const grid = new Tabulator(place, {
      data: rows,
      columns: body.columns.map((column, index) => definition(column, rows, index)),
      layout: "fitDataStretch",
      height: isLong ? "min(66vh, 640px)" : undefined,
      renderVerticalBuffer: 400,
      placeholder: "No row matches these filters.",
      columnDefaults: { resizable: "header" },
      printAsHtml: true,
      printRowRange: "active",
      headerSortElement: "<span class='sort-mark' aria-hidden='true'></span>",
    });
    const entry = { grid, columns: body.columns, rows, search: "" };
    tables[id] = entry;
    grid.on("tableBuilt", () => { connect(id, entry); fromAddress(); });
  }

  function connect(id, entry) {
    const search = document.querySelector(`[data-search="${id}"]`);
    const reset = document.querySelector(`[data-reset="${id}"]`);
    const note = document.querySelector(`[data-matches="${id}"]`);
    let timer = 0;
    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) texts.set(row, entry.columns.map((column) => plain(column, row[column.field])).join("\n").toLowerCase());
      return texts.get(row);
    };
    const applySearch = () => {
      const wanted = search.value.trim().toLowerCase();
      if (wanted) entry.grid.setFilter((row) => textOf(row).includes(wanted));
      else entry.grid.clearFilter();
    };
    search?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(applySearch, 180); });
    reset?.addEventListener("click", () => { search.value = ""; entry.grid.clearFilter(true); });
    const say = (count) => {
      const filtered = count !== entry.rows.length;
      if (note) note.textContent = filtered ? `${grouped.format(count)} of ${grouped.format(entry.rows.length)} rows` : "";
      if (reset) reset.hidden = !filtered;
    };
    entry.grid.on("dataFiltered", (filters, rows) => say(rows.length));
    document.querySelector(`[data-download="${id}"]`)?.addEventListener("click", () => download(id, entry));
  }

  // ---- CSV of what the table shows

  const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

  function cell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    const text = FORMULA.test(value) ? `'${value}` : String(value);
    return `"${text.replaceAll('"', '""')}"`;
  }

  function csvValue(column, value) {
    return column.kind === "instant" && value ? `${value}Z` : value;
  }

  function csv(entry) {
    const lines = [entry.columns.map((column) => `"${column.head}"`).join(",")];
    for (const row of entry.grid.getData("active")) lines.push(entry.columns.map((column) => cell(csvValue(column, row[column.field]))).join(","));
    return `\ufeff${lines.join("\n")}\n`;
  }

  function download(id, entry) {
    const address = URL.createObjectURL(new Blob([csv(entry)], { type: "text/csv;charset=utf-8" }));
    const link = element("a", { href: address, download: `${id.replace("-table", "")}.csv` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 2000);
  }

  // ---- drill-downs

  function bucketOf(key, buckets) {
    let value = 0x811c9dc5;
    for (let place = 0; place < key.length; place += 1) value = Math.imul(value ^ key.charCodeAt(place), 0x01000193) >>> 0;
    return value % buckets;
  }

  function load(entity, key, then) {
    const bucket = bucketOf(key, kinds[entity].buckets);
    const name = `${entity}-${bucket}`;
    if (loaded[name]) { then(loaded[name][key]); return; }
    if (waiting[name]) { waiting[name].push([key, then]); return; }
    waiting[name] = [[key, then]];
    const script = element("script", { src: `data/${name}.js` });
    script.addEventListener("error", () => { (waiting[name] || []).forEach(([, call]) => call(undefined)); delete waiting[name]; });
    document.body.append(script);
  }

  function details(entity, bucket, content) {
    const name = `${entity}-${bucket}`;
    loaded[name] = content;
    (waiting[name] || []).forEach(([key, then]) => then(Object.hasOwn(content, key) ? content[key] : undefined));
    delete waiting[name];
  }

  const TITLES = { app: "App", device: "Device", user: "User", ip: "IP address" };

  function open(entity, key) {
    const drawer = document.getElementById("drawer");
    if (!kinds[entity]) return;
    load(entity, key, (thing) => {
      drawer.dataset.key = key;
      drawer.replaceChildren(...(thing ? filled(entity, key, thing) : absent(entity, key)));
      if (!drawer.open) drawer.showModal();
      drawer.scrollTop = 0;
    });
  }

  function headOf(entity, name, badges) {
    const close = element("button", { type: "button", class: "close", title: "Close (Esc)", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => document.getElementById("drawer").close());
    return element("header", {}, element("div", {}, element("span", { class: "kind" }, TITLES[entity]),
      element("h2", { id: "drawer-title" }, name, ...badges)), close);
  }

  function absent(entity, key) {
    const most = grouped.format(kinds[entity].most);
    const text = `There are no details of this one here: pages keep them for the first ${most} of each kind, in the order of their table. `
      + (hasCsv ? "The complete lists are in the folder csv." : "Render the report with CSV exports for the complete lists.");
    return [headOf(entity, key, []), element("p", { class: "nothing" }, text)];
  }

  function filled(entity, key, thing) {
    const about = thing.about, kind = kinds[entity];
    const name = about.app_name ?? about.domain ?? about.device_name ?? about.user_name ?? key;
    const columns = kind.facts.filter((column) => column.field in about);
    const badges = columns.filter((column) => column.kind in BADGES && about[column.field] !== null).map((column) => shown(column, about[column.field], about));
    const parts = [headOf(entity, name, badges)];
    const figures = element("dl", { class: "facts" });
    for (const column of columns) {
      if (column.kind in BADGES || ["reasons", "risk_factors", "domains"].includes(column.field)) continue;
      if (column.optional && !about[column.field]) continue;
      if (["app_name", "domain", "device_name", "user_name"].includes(column.field) || about[column.field] === key) continue;
      figures.append(element("div", {}, element("dt", { title: column.note }, column.label), element("dd", {}, shown(column, about[column.field], about))));
    }
    parts.push(figures);
    if (about.reasons) parts.push(points("Why this device is at risk", reasonsOf(about.reasons).map((one) => [said(one), one.points])));
    if (about.domains) parts.push(element("section", {}, element("h3", {}, "Domains of the app"), element("p", { class: "domains" }, about.domains)));
    for (const list of kind.lists) {
      const found = thing.lists[list.name];
      if (!found) continue;
      parts.push(list.trend ? trend(list, found.rows) : listed(list, found));
    }
    const factors = reasonsOf(about.risk_factors);
    if (factors.length) parts.push(factorsTable(factors));
    return parts;
  }

  function points(title, rows) {
    const list = element("ul", { class: "points" });
    rows.forEach(([text, many]) => list.append(element("li", {}, element("span", {}, text), element("b", {}, many === null || many === undefined ? "" : `+${decimals.format(many)}`))));
    return element("section", {}, element("h3", {}, title), rows.length ? list : element("p", { class: "nothing" }, "No reason was given."));
  }

  function factorsTable(factors) {
    const head = element("tr", {}, ...["Group", "Factor", "Value", "Points", "Weight"].map((text) => element("th", {}, text)));
    const body = factors.map((one) => element("tr", {}, ...["group", "factor", "value", "points", "weight"].map((key) => element("td", {}, one[key] === null || one[key] === undefined ? "unknown" : String(one[key])))));
    return element("section", {}, element("h3", {}, "How the score came about"), element("table", { class: "plain" }, element("thead", {}, head), element("tbody", {}, ...body)));
  }

  function listed(list, found) {
    const rows = found.rows.map((values) => Object.fromEntries(list.fields.map((field, index) => [field, values[index]])));
    const head = element("tr", {}, ...list.columns.map((column) => element("th", { class: NUMERIC.has(column.kind) ? "num" : null, title: column.note }, column.label)));
    const body = rows.map((row) => element("tr", {}, ...list.columns.map((column) =>
      element("td", { class: NUMERIC.has(column.kind) ? "num" : null }, shown(column, row[column.field], row)))));
    const more = found.all > rows.length
      ? element("p", { class: "nothing" }, `The first ${grouped.format(rows.length)} of ${grouped.format(found.all)}; all are in ${list.csv}.`) : null;
    return element("section", {}, element("h3", {}, `${list.title} `, element("small", {}, grouped.format(found.all))),
      element("div", { class: "scroll" }, element("table", { class: "plain" }, element("thead", {}, head), element("tbody", {}, ...body))), more);
  }

  function daysOfPeriod() {
    const days = [];
    for (let at = Date.parse(period[0]); at <= Date.parse(period[1]) && days.length < 400; at += 86400000) days.push(new Date(at).toISOString().slice(0, 10));
    return days;
  }

  function trend(list, rows) {
    const known = new Map(rows.map((values) => {
      const row = Object.fromEntries(list.fields.map((field, index) => [field, values[index]]));
      return [row.day, row];
    }));
    const measure = [...known.values()].some((row) => row.total_bytes) ? "total_bytes" : "transactions";
    const most = Math.max(...[...known.values()].map((row) => row[measure] || 0), 1);
    const bars = element("div", { class: "trend" });
    const days = daysOfPeriod();
    for (const [place, day] of days.entries()) {
      const row = known.get(day);
      const text = row ? `${day}: ${row.total_bytes === null ? "bytes unknown" : size(row.total_bytes)}, ${grouped.format(row.transactions)} transactions` : `${day}: nothing`;
      const bar = element("span", { title: text, role: "img", "aria-label": text });
      const fill = element("i");
      fill.style.setProperty("--share", row ? Math.max((row[measure] || 0) / most, 0.02) : 0);
      const isNamed = days.length <= 14 || place % Math.ceil(days.length / 10) === 0;
      bar.append(fill, element("small", {}, isNamed ? shortDay.format(new Date(`${day}T00:00:00Z`)) : ""));
      bars.append(bar);
    }
    return element("section", {}, element("h3", {}, `${list.title} `, element("small", {}, measure === "total_bytes" ? "traffic" : "transactions")), bars);
  }

  // ---- the address: #app=… opens a drill-down, #column=value filters the page's first table

  function fromAddress() {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const [name, value] of wanted) {
      if (name in kinds) { open(name, value); return; }
      for (const entry of Object.values(tables)) {
        const column = entry.columns.find((one) => one.field === name);
        if (!column) continue;
        entry.grid.setHeaderFilterValue(name, CHOICES.has(column.kind) ? plainChoice(column, value) : value);
        const box = entry.grid.element.querySelector(`.tabulator-col[tabulator-field="${CSS.escape(name)}"] select`);
        if (box) box.value = plainChoice(column, value);
        entry.grid.element.closest("section")?.scrollIntoView();
        break;
      }
    }
  }

  function start() {
    const drawer = document.getElementById("drawer");
    drawer.addEventListener("close", () => {
      const wanted = new URLSearchParams(location.hash.slice(1));
      if ([...wanted.keys()].some((name) => name in kinds)) history.replaceState(null, "", location.pathname + location.search);
    });
    drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
    window.addEventListener("hashchange", fromAddress);
    document.getElementById("source-choice")?.addEventListener("change", (event) => { location.href = event.target.value; });
    document.getElementById("theme").addEventListener("click", () => {
      const isDark = getComputedStyle(document.documentElement).getPropertyValue("--is-dark").trim() === "1";
      document.documentElement.dataset.theme = isDark ? "light" : "dark";
      try { localStorage.setItem("cloud-discovery-theme", isDark ? "light" : "dark"); } catch (error) { /* kept for this page only */ }
    });
    tips();
  }

  // ---- a chart's marks say their value when pointed at

  function tips() {
    const tip = element("div", { id: "tip", role: "tooltip", hidden: "" });
    document.body.append(tip);
    document.addEventListener("pointermove", (event) => {
      const mark = event.target.closest?.(".chart [role=graphics-symbol][aria-label]");
      tip.hidden = !mark;
      if (!mark) return;
      tip.textContent = mark.getAttribute("aria-label");
      tip.style.left = `${Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)}px`;
      tip.style.top = `${Math.max(event.clientY - 34, 4)}px`;
    });
  }

  function drawers(found, csvThere, days) {
    Object.assign(kinds, found);
    hasCsv = csvThere;
    period = days;
    fromAddress();
  }

  start();
  return { table, details, drawers, rows: (id) => (tables[id] ? tables[id].grid.getData("active") : []) };
})();
