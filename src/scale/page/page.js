/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.js - shows what /v1 says. Elements are made once and then only changed, so that focus and open parts stay; nothing is asked for
 * while nobody looks. All text goes through textContent: names and logs are other people's.
 */
"use strict";

const POLL_MS = 2000;
const EVENTS_KEPT = 100;
const DECISIONS = 40;
const SPAN_MS = 3600e3;

const STATES = {
	pending: ["wait", "○"], created: ["wait", "○"], started: ["wait", "◐"], probing: ["wait", "◐"],
	ready: ["good", "●"], unhealthy: ["bad", "▲"], draining: ["wait", "◌"],
	exited: ["off", "■"], failed: ["bad", "✕"], deleted: ["off", "■"],
};

const $ = (id) => document.getElementById(id);
const cards = new Map();
const scaled = []; /* what people decided is told by events, what the autoscaler decided by both */
let token = null;
let lastSerial = -1;
let refreshing = false;
let soon = 0;

/* ---- elements -------------------------------------------------------------------------------------------------- */

function el(tag, props, ...children) {
	const node = document.createElement(tag);

	for (const [key, value] of Object.entries(props || {})) {
		if (key === "class")
			node.className = value;
		else if (key === "click")
			node.addEventListener("click", value);
		else
			node.setAttribute(key, value);
	}
	node.append(...children);
	return node;
}

function put(node, text) {
	if (node.textContent !== String(text))
		node.textContent = text;
}

function shape(tag, props, text) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", tag);

	for (const [key, value] of Object.entries(props))
		node.setAttribute(key, value);
	if (text !== undefined)
		node.textContent = text;
	return node;
}

/* ---- words ----------------------------------------------------------------------------------------------------- */

function bytes(n) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;

	if (n === null || n === undefined)
		return "–";
	while (n >= 1024 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return (n >= 100 || unit === 0 ? Math.round(n) : n.toFixed(1)) + " " + units[unit];
}

function cores(percent) {
	return percent === null || percent === undefined ? "–" : (percent / 100).toFixed(2);
}

function percent(n) {
	return n === null || n === undefined ? "–" : n.toFixed(n < 10 ? 1 : 0) + " %";
}

function clock(text) {
	return new Date(text).toLocaleTimeString([], { hour12: false });
}

function counted(n, noun) {
	return n + " " + noun + (n === 1 ? "" : "s");
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

function takeToken() {
	const found = /(?:^#|&)token=([^&]+)/.exec(location.hash);

	try {
		if (found)
			sessionStorage.setItem("carte-token", decodeURIComponent(found[1]));
		token = sessionStorage.getItem("carte-token");
	} catch (e) { /* no storage: it lasts as long as the page */
		token = found ? decodeURIComponent(found[1]) : null;
	}
	/* neither the history nor a bookmark keeps it */
	if (found)
		history.replaceState(null, "", location.pathname);
}

function problem(text) {
	$("problem").hidden = !text;
	put($("problem"), text || "");
}

async function ask(method, path, body, signal) {
	const response = await fetch(path, {
		method, signal, cache: "no-store", credentials: "same-origin",
		headers: { "Authorization": "Bearer " + token, "X-Carte": "page" },
		body: body === undefined ? undefined : JSON.stringify(body),
	});

	if (response.ok)
		return response;
	if (response.status === 401)
		throw new Error("The token is missing or wrong. Open the address that `carte system info` shows.");
	throw new Error((await response.json().catch(() => ({}))).error || "status " + response.status);
}

async function get(path) {
	return (await ask("GET", path)).json();
}

async function act(button, what, path, body) {
	if (button)
		button.setAttribute("aria-busy", "true");
	try {
		const answer = await (await ask("POST", path, body)).json();

		problem(answer.reason ? what + ": " + answer.reason : "");
	} catch (e) {
		problem(what + ": " + e.message);
	}
	if (button)
		button.removeAttribute("aria-busy");
	refresh();
}

/* ---- measures -------------------------------------------------------------------------------------------------- */

function measure(name) {
	const value = el("span", {});
	const fill = el("div", { class: "fill" });
	const track = el("div", { class: "track", role: "meter", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100" }, fill);

	return {
		node: el("div", { class: "measure" }, el("div", { class: "measure-head" }, el("span", {}, name), value), track),
		set(share, text) {
			const shown = Math.max(0, Math.min(100, share || 0));

			put(value, text);
			track.setAttribute("aria-valuenow", shown.toFixed(0));
			track.setAttribute("aria-valuetext", text);
			fill.style.width = shown + "%";
			fill.classList.toggle("high", shown >= 90);
		},
	};
}

function sum(list, key) {
	const known = list.filter((s) => s && s[key] !== null && s[key] !== undefined);

	return known.length ? known.reduce((all, s) => all + s[key], 0) : null;
}

function setMeasures(card, stats, pool) {
	const cpu = sum(stats, "cpuPercent");
	const memory = sum(stats, "memory");
	/* a limit counts when all have one */
	const limited = (key) => (stats.length && stats.every((s) => s[key]) ? sum(stats, key) : null);
	const cpuLimit = limited("cpuLimitMilli");
	const memoryLimit = limited("memoryLimit");
	const cpuAll = cpuLimit || (pool ? pool.cpuMilli : null);
	const memoryAll = memoryLimit || (pool ? pool.memory : null);
	const pressure = stats.length ? Math.max(...stats.map((s) => s.cpuPressure || 0)) : null;
	const memoryPressure = stats.length ? Math.max(...stats.map((s) => s.memoryPressure || 0)) : null;
	const known = stats.some((s) => s.cpuPressure !== null);

	card.cpu.set(cpuAll && cpu !== null ? cpu * 1000 / cpuAll : 0,
		cores(cpu) + (cpuAll && cpu !== null ? " of " + (cpuAll / 1000) + (cpuLimit ? " cores (limit)" : " cores (host)") : ""));
	card.memory.set(memoryAll && memory !== null ? memory * 100 / memoryAll : 0,
		bytes(memory) + (memoryAll && memory !== null ? " of " + bytes(memoryAll) + (memoryLimit ? " (limit)" : " (host)") : ""));
	card.pressure.set(pressure, known ? "cpu " + percent(pressure) + ", memory " + percent(memoryPressure) : stats.length ? "not known on this host" : "–");
}

/* Decisions of both kinds, newest first. */
function decisionsOf(card) {
	const key = card.service.project + "/" + card.service.name;
	const known = card.decisions.map((d) => ({ ...d, ms: Date.parse(d.at) }));
	const others = scaled.filter((d) => d.key === key &&
		!known.some((k) => k.from === d.from && k.to === d.to && Math.abs(k.ms - d.ms) < 2000));

	return [...known, ...others].sort((a, b) => b.ms - a.ms);
}

/* ---- the time line --------------------------------------------------------------------------------------------- */

function drawLine(card, service) {
	const svg = card.line;
	const width = Math.max(220, svg.clientWidth || 400);
	const height = 96;
	const [left, right, top, bottom] = [22, 6, 8, 16];
	const now = Date.now();
	const all = decisionsOf(card).reverse();
	const shown = all.filter((d) => d.ms > now - SPAN_MS);
	const start = shown.length ? Math.min(shown[0].ms - 5000, now - 60e3) : now - 300e3;
	const first = shown.length ? shown[0].from : service.desired;
	const highest = Math.max(service.max || 0, service.desired, first, ...shown.map((d) => d.to), 1);
	const x = (ms) => left + (width - left - right) * (ms - start) / (now - start);
	const y = (n) => height - bottom - (height - top - bottom) * n / highest;

	svg.toggleAttribute("hidden", !all.length && service.min === null);
	let path = "M" + left + " " + y(first).toFixed(1);

	svg.setAttribute("viewBox", "0 0 " + width + " " + height);
	svg.replaceChildren();
	for (const n of [0, highest]) {
		svg.append(shape("line", { class: "axis", x1: left, x2: width - right, y1: y(n), y2: y(n) }));
		svg.append(shape("text", { x: left - 5, y: y(n) + 4, "text-anchor": "end" }, n));
	}
	for (const n of [service.min, service.max])
		if (n && n !== highest)
			svg.append(shape("line", { class: "bound", x1: left, x2: width - right, y1: y(n), y2: y(n) }));
	for (const d of shown)
		path += " H" + x(d.ms).toFixed(1) + " V" + y(Math.min(d.to, highest)).toFixed(1);
	svg.append(shape("path", { class: "path", d: path + " V" + y(service.desired).toFixed(1) + " H" + (width - right) }));
	for (const d of shown) {
		const dot = shape("circle", { cx: x(d.ms).toFixed(1), cy: y(d.to).toFixed(1), r: 3.5 });

		dot.append(shape("title", {}, clock(d.at) + ": " + d.from + " to " + d.to + ", " + d.why));
		svg.append(dot);
	}
	svg.append(shape("text", { x: left, y: height - 3 }, clock(start)));
	svg.append(shape("text", { x: width - right, y: height - 3, "text-anchor": "end" }, "now"));
	svg.setAttribute("aria-label", "Wanted replicas since " + clock(start) + ": " + counted(shown.length, "decision") +
		", now " + service.desired);
}

function setDecisions(card, service) {
	const items = decisionsOf(card).slice(0, 3).map((d) => el("li", {}, el("b", {}, clock(d.at) + "  " + d.from + " → " + d.to), " " + d.why));

	if (!items.length)
		items.push(el("li", {}, "No decision yet."));
	card.why.replaceChildren(...items);
	drawLine(card, service);
}

/* What the load was, what had been forecast of it, and what is forecast next; in replicas on target. */
function drawForecast(card) {
	const svg = card.forecast;
	const f = card.plan;
	const points = f && (f.ahead.length || f.past.some((p) => p.load !== null)) ? f.past.length + f.ahead.length : 0;

	card.forecastBox.hidden = !points;
	if (!points)
		return;
	const width = Math.max(220, svg.clientWidth || 400);
	const height = 72;
	const [left, right, top, bottom] = [22, 6, 8, 14];
	const upper = [...f.past.map((p) => p.upper), ...f.ahead.map((a) => a.upper)];
	const load = f.past.map((p) => p.load);
	const highest = Math.ceil(Math.max(1, ...upper, ...load));
	const x = (i) => left + (width - left - right) * i / Math.max(1, points - 1);
	const y = (n) => height - bottom - (height - top - bottom) * n / highest;
	const trace = (values) => values.reduce((d, v, i) => v === null ? d :
		d + (i && values[i - 1] !== null ? " L" : " M") + x(i).toFixed(1) + " " + y(v).toFixed(1), "");
	const now = x(f.past.length - 0.5);

	svg.setAttribute("viewBox", "0 0 " + width + " " + height);
	svg.replaceChildren(shape("line", { class: "axis", x1: left, x2: width - right, y1: y(0), y2: y(0) }),
		shape("line", { class: "axis", x1: now, x2: now, y1: top, y2: y(0) }),
		shape("text", { x: left - 5, y: y(0) + 4, "text-anchor": "end" }, 0),
		shape("text", { x: left - 5, y: y(highest) + 4, "text-anchor": "end" }, highest),
		shape("path", { class: "upper", d: trace(upper) || "M0 0" }),
		shape("path", { class: "path", d: trace(load) || "M0 0" }),
		shape("text", { x: left, y: height - 2 }, "an hour ago"),
		shape("text", { x: now, y: height - 2, "text-anchor": "end" }, "now"));
	svg.setAttribute("aria-label", "Load and forecast: the load is " + (f.load === null ? "not known" : f.load.toFixed(1)) +
		", the forecast at most " + (f.upper === null ? "not known" : f.upper.toFixed(1)));
	put(card.forecastWords, (f.open ? "Believed: " : "Not believed: ") + f.gate +
		(f.floor ? (f.mode === "act" ? ". Asks for at least " : ". Would ask for at least ") + f.floor : ""));
}

async function loadForecast(card, service) {
	let plan = null;

	try {
		if (service.policy === "predict")
			plan = await get(path(service) + "/forecast");
	} catch (e) { /* its first round is still to come */ }
	card.plan = plan;
	drawForecast(card);
}

async function loadDecisions(card, service) {
	try {
		card.decisions = await get(path(service) + "/decisions?limit=" + DECISIONS);
		setDecisions(card, service);
	} catch (e) { /* the service may just have gone; refresh tells of all else */ }
}

/* ---- replicas -------------------------------------------------------------------------------------------------- */

function setState(node, container) {
	const [kind, glyph] = STATES[container.state] || ["off", "?"];
	const word = container.paused ? "⏸ paused" : glyph + " " + container.state;
	const note = container.reason || (container.oomKilled ? "out of memory" : container.state === "exited" ? "status " + container.exitStatus : "");

	node.className = "state " + (container.paused ? "wait" : kind);
	if (node.dataset.shown === word + note)
		return;
	node.dataset.shown = word + note;
	node.replaceChildren(word, ...(note ? [el("span", { class: "note" }, note)] : []));
}

function makeRow(container) {
	const cell = (name) => el("td", { "data-name": name });
	const row = { name: el("td", {}), state: el("td", {}), cpu: cell("CPU"), memory: cell("Memory"), pressure: cell("Pressure"), restarts: cell("Restarts") };
	const button = (word, fn) => el("button", { type: "button", "aria-label": word + " " + container.name, click: fn }, word);
	const at = "/v1/containers/" + container.id;

	row.logs = button("Log", () => showLogs(container));
	row.restart = button("Restart", (e) => act(e.target, "Restart " + container.name, at + "/restart", {}));
	row.stop = button("Stop", (e) => {
		const verb = row.running ? "stop" : "start";

		act(e.target, verb + " " + container.name, at + "/" + verb, {});
	});
	row.node = el("tr", {}, row.name, row.state, row.cpu, row.memory, row.pressure, row.restarts,
		el("td", { class: "actions" }, row.logs, row.restart, row.stop));
	return row;
}

function setRow(row, container, stats) {
	const limit = stats && stats.memoryLimit ? " / " + bytes(stats.memoryLimit) : "";

	row.running = container.pid > 0;
	put(row.name, container.name);
	setState(row.state, container);
	put(row.cpu, stats ? percent(stats.cpuPercent) : "–");
	put(row.memory, stats ? bytes(stats.memory) + limit : "–");
	put(row.pressure, stats ? percent(stats.cpuPressure) : "–");
	put(row.restarts, container.restarts);
	put(row.stop, row.running ? "Stop" : "Start");
	row.stop.setAttribute("aria-label", row.stop.textContent + " " + container.name);
}

function setRows(card, containers, stats) {
	const ids = new Set(containers.map((c) => c.id));

	for (const [id, row] of card.rows)
		if (!ids.has(id)) {
			row.node.remove();
			card.rows.delete(id);
		}
	containers.sort((a, b) => a.slot - b.slot || a.created.localeCompare(b.created));
	for (const [place, container] of containers.entries()) {
		let row = card.rows.get(container.id);

		if (!row) {
			row = makeRow(container);
			card.rows.set(container.id, row);
		}
		if (card.tbody.children[place] !== row.node)
			card.tbody.insertBefore(row.node, card.tbody.children[place] || null);
		setRow(row, container, stats.get(container.id));
	}
}

/* ---- services -------------------------------------------------------------------------------------------------- */

function path(service) {
	return "/v1/services/" + encodeURIComponent(service.project) + "/" + encodeURIComponent(service.name);
}

function makeCard(service) {
	const at = path(service);
	const label = service.project + "/" + service.name;
	const card = { rows: new Map(), decisions: [], service, cpu: measure("CPU"), memory: measure("Memory"), pressure: measure("Pressure"), words: el("p", { class: "words" }),
		image: el("p", {}), number: el("span", { class: "number" }), line: shape("svg", { class: "line", role: "img" }), why: el("ol", { class: "why" }), tbody: el("tbody", {}), summary: el("summary", {}) };
	card.plan = null;
	card.forecast = shape("svg", { class: "line forecast", role: "img", "aria-label": "Load and forecast" });
	card.forecastWords = el("p", { class: "why" });
	card.forecastBox = el("div", { hidden: "" }, el("h3", {}, "Load and forecast"), card.forecast, card.forecastWords);
	card.planned = Date.now();
	const button = (word, name, fn, kind) => el("button", { type: "button", class: kind || "", "aria-label": name + " " + label, click: fn }, word);
	const scale = (by) => (e) => act(e.target, "Scale " + label, at + "/scale", { replicas: Math.max(0, card.service.desired + by) });

	card.less = button("−", "One replica less for", scale(-1), "step");
	card.more = button("+", "One replica more for", scale(1), "step");
	card.auto = button("Auto", "Let the autoscaler decide on", (e) => act(e.target, "Scale " + label, at + "/scale", { auto: true }));
	card.restart = button("Restart", "Restart", (e) => act(e.target, "Restart " + label, at + "/restart", {}));
	card.stop = button("Stop", "Stop", (e) => {
		const verb = card.service.stopped ? "start" : "stop";

		if (verb === "start" || confirm("Stop all replicas of " + label + "?"))
			act(e.target, verb + " " + label, at + "/" + verb, {});
	});
	card.node = el("article", { class: "card", "aria-label": "Service " + label },
		el("div", { class: "card-head" },
			el("div", { class: "card-name" }, el("h2", {}, el("span", { class: "project" }, service.project + " / "), service.name), card.image),
			el("div", { class: "buttons" }, card.less, card.number, card.more, card.auto, card.restart, card.stop)),
		card.words,
		el("div", { class: "body" },
			el("div", {}, card.cpu.node, card.memory.node, card.pressure.node),
			el("div", {}, el("h3", {}, "Wanted replicas"), card.line, card.forecastBox, card.why)),
		el("details", { open: "" }, card.summary,
			el("table", {},
				el("thead", {}, el("tr", {}, ...["Container", "State", "CPU", "Memory", "Pressure", "Restarts"].map((t) => el("th", { scope: "col" }, t)), el("th", { scope: "col", "aria-label": "Actions" }))),
				card.tbody)));
	loadDecisions(card, service);
	loadForecast(card, service);
	return card;
}

function setCard(card, service, containers, stats, pool) {
	const ports = service.ports.length ? " · " + service.ports.join(", ") : "";
	const bounds = service.min !== null ? " " + service.min + "–" + service.max : "";

	card.service = service;
	put(card.image, service.image + ports + " · " + (service.stopped ? "stopped" : service.policy + bounds) + " · revision " + service.revision);
	put(card.words, [service.rollout, service.reason, service.removing ? "being removed" : ""].filter(Boolean).join(" · "));
	card.words.hidden = !card.words.textContent;
	card.number.replaceChildren(service.ready + " / " + service.desired, el("small", {}, "ready"));
	card.less.disabled = service.desired === 0;
	card.auto.hidden = service.min === null;
	card.auto.disabled = !service.manual;
	put(card.stop, service.stopped ? "Start" : "Stop");
	card.stop.setAttribute("aria-label", card.stop.textContent + " " + service.project + "/" + service.name);
	put(card.summary, counted(containers.length, "container"));
	setMeasures(card, containers.map((c) => stats.get(c.id)).filter(Boolean), pool);
	setRows(card, containers, stats);
	drawLine(card, service);
	/* a plan is made once a minute */
	if (Date.now() - card.planned > 20e3) {
		card.planned = Date.now();
		loadForecast(card, service);
	}
}

function show(info, services, containers, stats) {
	const byId = new Map(stats.map((s) => [s.id, s]));
	const keys = new Set(services.map((s) => s.project + "/" + s.name));
	const cpu = sum(stats, "cpuPercent");

	for (const [key, card] of cards)
		if (!keys.has(key)) {
			card.node.remove();
			cards.delete(key);
		}
	for (const service of services) {
		const key = service.project + "/" + service.name;

		if (!cards.has(key)) {
			cards.set(key, makeCard(service));
			$("services").append(cards.get(key).node);
		}
		setCard(cards.get(key), service, containers.filter((c) => c.project === service.project && c.service === service.name), byId, info.pool);
	}
	$("nothing").hidden = services.length > 0;
	put($("count-services"), info.counts.services);
	put($("count-ready"), info.counts.ready + " of " + info.counts.containers);
	put($("pool-cpu"), info.pool ? cores(cpu) + " of " + info.pool.cpuMilli / 1000 : cores(cpu));
	put($("pool-memory"), bytes(sum(stats, "memory")) + (info.pool ? " of " + bytes(info.pool.memory) : ""));
	put($("pool-free"), info.pool ? bytes(info.pool.available) : "–");
	put($("link"), "version " + info.version);
	document.body.dataset.loaded = "1";
}

async function refresh() {
	if (refreshing || document.hidden)
		return;
	refreshing = true;
	try {
		show(...await Promise.all([get("/v1/info"), get("/v1/services"), get("/v1/containers?all=1"), get("/v1/stats")]));
		if ($("problem").dataset.link) {
			delete $("problem").dataset.link;
			problem("");
		}
	} catch (e) {
		$("problem").dataset.link = "1";
		problem(e instanceof TypeError ? "The supervisor does not answer." : e.message);
		put($("link"), "not connected");
	}
	refreshing = false;
}

/* ---- logs ------------------------------------------------------------------------------------------------------ */

let logged = null;

async function loadLogs() {
	const text = $("logs-text");
	const container = logged;
	const atEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;

	if (!container)
		return;
	try {
		const lines = await (await ask("GET", "/v1/containers/" + container.id + "/logs?tail=" + $("logs-lines").value)).text();

		if (container !== logged)
			return;
		put(text, lines || "Nothing was written yet.");
	} catch (e) {
		put(text, e.message);
	}
	if (atEnd)
		text.scrollTop = text.scrollHeight;
}

function showLogs(container) {
	logged = container;
	put($("logs-title"), "Log of " + container.name);
	put($("logs-text"), "");
	$("logs").showModal();
	loadLogs();
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

function onEvent(event) {
	const of = event.container || [event.project, event.service].filter(Boolean).join("/");
	const text = [event.kind === event.action ? "" : event.kind, event.action, of, event.status >= 0 ? "status " + event.status : "", event.words].filter(Boolean).join(" ");
	const list = $("events");
	const card = cards.get(event.project + "/" + event.service);

	if (event.serial <= lastSerial)
		return;
	lastSerial = event.serial;
	list.prepend(el("li", {}, el("time", { datetime: event.at }, clock(event.at)), el("span", {}, text)));
	while (list.children.length > EVENTS_KEPT)
		list.lastChild.remove();
	if (event.kind === "scale") {
		const change = /^from (\d+) to (\d+):? ?(.*)/.exec(event.words);

		if (change)
			scaled.unshift({ key: event.project + "/" + event.service, at: event.at, ms: Date.parse(event.at), from: +change[1], to: +change[2], why: change[3] });
		scaled.length = Math.min(scaled.length, EVENTS_KEPT);
		if (card)
			loadDecisions(card, card.service);
	}
	if (!soon)
		soon = setTimeout(() => { soon = 0; refresh(); }, 150);
}

async function follow(signal) {
	const from = lastSerial < 0 ? "last=30" : "after=" + lastSerial;
	const reader = (await ask("GET", "/v1/events?follow=1&" + from, undefined, signal)).body.getReader();
	const decoder = new TextDecoder();
	let rest = "";

	for (;;) {
		const { done, value } = await reader.read();

		if (done)
			return;
		rest += decoder.decode(value, { stream: true });
		const lines = rest.split("\n");

		rest = lines.pop();
		lines.filter(Boolean).forEach((line) => onEvent(JSON.parse(line)));
	}
}

/* While the page is seen: a stream that is opened again when it ends, and a look every two seconds. */
let stream = null;

async function watch() {
	while (!document.hidden) {
		stream = new AbortController();
		await follow(stream.signal).catch(() => {});
		await new Promise((done) => setTimeout(done, POLL_MS));
	}
	stream = null;
}

function wake() {
	if (document.hidden) {
		if (stream)
			stream.abort();
		return;
	}
	refresh();
	if (!stream)
		watch();
}

takeToken();
document.addEventListener("visibilitychange", wake);
addEventListener("hashchange", () => { takeToken(); refresh(); });
addEventListener("resize", () => cards.forEach((card) => drawLine(card, card.service)));
$("logs-close").addEventListener("click", () => $("logs").close());
$("logs").addEventListener("close", () => { logged = null; });
$("logs-lines").addEventListener("change", loadLogs);
setInterval(() => { refresh(); if (!document.hidden) loadLogs(); }, POLL_MS);
wake();
