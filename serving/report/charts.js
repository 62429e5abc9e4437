// Draws the report's charts from the JSON in the page. What comes from data is only ever set as text.
"use strict";
(() => {
  const started = performance.now();
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const journeys = figures.filter((each) => each.key === "journey").map((each) => each.data);
  const data = Object.fromEntries(figures.map((each) => [each.key, each.data]));
  const canvases = [...document.querySelectorAll(".canvas")];
  const pick = document.getElementById("pick");
  const DAY = 86400000;

  // A colour of the style sheet as the present colour scheme has it.
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  let colours = {};
  function readColours() {
    const names = ["page", "panel", "ink", "soft", "line", "accent", "level1", "level2", "level3",
      "level4", "hot", "good", "chase", "quiet", "quieter", "unknown"];
    colours = Object.fromEntries(names.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }));
  }
  const mixed = (from, to, share) => {
    const [a, b] = [from, to].map((each) => each.match(/[\d.]+/g).map(Number));
    return `rgb(${[0, 1, 2].map((n) => Math.round(a[n] + (b[n] - a[n]) * share)).join(",")})`;
  };

  const number = (value, decimals = 0) => value.toLocaleString("en-GB",
    { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  const cut = (name, length) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);
  // In a rich label these would be markup of the chart library.
  const plain = (name) => name.replace(/[{}|]/g, "/");

  const axisText = () => ({ color: colours.soft, fontSize: 11 });
  const quietAxis = () => ({
    axisLine: { show: false }, axisTick: { show: false }, axisLabel: axisText(),
    splitLine: { lineStyle: { color: colours.line } },
  });
  const namesAxis = (names, more = {}) => ({
    type: "category", data: names, axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } }, axisLabel: { ...axisText(), ...more },
  });
  const shortWeek = (week) => week.replace(/\s\d+$/, "");

  const charts = {
    trouble: ({ weeks, levels }) => weekly(weeks, levels.map((values, n) => ({
      type: "bar", stack: "all", name: `level ${n + 2}`, barCategoryGap: "28%",
      itemStyle: { color: colours[`level${n + 2}`] },
      data: values.map((value, week) => ({
        value,
        tell: [`Week to ${weeks[week]}`,
          `${number(levels[0][week] + levels[1][week] + levels[2][week])} need a person`,
          ...[0, 1, 2].map((each) => `level ${each + 2}: ${number(levels[each][week])}`)],
      })),
    }))),

    added: ({ weeks, points }) => weekly(weeks, [{
      type: "bar", barCategoryGap: "28%", itemStyle: { color: colours.hot },
      data: points.map((value, week) => ({
        value, tell: [`Week to ${weeks[week]}`, `${number(value, 1)} points added`],
      })),
    }]),

    kept: ({ weeks, kept, broken }) => weekly(weeks, [{
      type: "line", symbolSize: 6, symbol: "circle", lineStyle: { color: colours.good, width: 2 },
      itemStyle: { color: colours.good }, connectNulls: false,
      data: weeks.map((week, n) => {
        const due = kept[n] + broken[n];
        return {
          value: due ? (100 * kept[n]) / due : null,
          tell: [`Week to ${week}`, due
            ? `${number((100 * kept[n]) / due)} % of ${number(due)} kept, ${number(broken[n])} broken`
            : "no promise fell due"],
        };
      }),
    }], { min: 0, max: 100, interval: 25, axisLabel: { ...axisText(), formatter: "{value} %" } }),

    heat: ({ touchpoints, channels, cells, sums }, width) => {
      const most = Math.max(...cells.map((cell) => cell[2]));
      const narrow = width < 560;
      const left = narrow ? 104 : 170;
      const head = narrow ? 58 : 28;
      const shade = (points) => mixed(colours.page, colours.hot, 0.06 + 0.94 * (points / most));
      const label = (points) => (points >= 9.95 ? number(points)
        : points < 0.05 ? "<0.1" : number(points, 1));
      return {
        height: head + 4 + 27 * touchpoints.length,
        option: {
          grid: { left, right: 4, top: head, bottom: 4 },
          xAxis: { ...namesAxis([...channels, "together"]), position: "top", splitLine: { show: false },
            axisLabel: { ...axisText(), interval: 0, rotate: narrow ? 50 : 0, overflow: "truncate",
              width: narrow ? 66 : (width - left) / (channels.length + 1) - 4 },
            axisLine: { show: false } },
          yAxis: { ...namesAxis(touchpoints, { color: colours.ink, width: left - 10,
            overflow: "truncate", fontSize: narrow ? 11 : 12 }), inverse: true,
          axisLine: { show: false } },
          series: [{
            type: "heatmap", itemStyle: { borderColor: colours.page, borderWidth: 2 },
            label: { show: true, fontSize: 11 },
            emphasis: { itemStyle: { borderColor: colours.ink, borderWidth: 2 } },
            data: [
              ...cells.map(([column, row, points]) => ({
                value: [column, row, points],
                itemStyle: { color: shade(points) },
                label: { formatter: label(points),
                  color: points / most > 0.55 ? colours.page : colours.ink },
                tell: [`${touchpoints[row]}, ${channels[column]}`,
                  `${number(points, 1)} points felt now`],
              })),
              ...sums.map((points, row) => ({
                value: [channels.length, row, points],
                itemStyle: { color: "transparent" },
                label: { formatter: label(points), color: colours.ink, fontWeight: "bold" },
                tell: [touchpoints[row], `${number(points, 1)} points felt now, all channels`],
              })),
            ],
          }],
          // ECharts asks for one with a heat map; the colours are set cell by cell.
          visualMap: { show: false, min: 0, max: Math.max(most, 1), dimension: 2,
            inRange: { opacity: 1 }, seriesIndex: [] },
        },
      };
    },

    flow: ({ nodes, links }, width) => {
      const stops = width < 560 ? 3 : 4;
      const shown = nodes.filter((node) => node.stop <= stops);
      const most = Math.max(1e-9, ...nodes.map((node) => node.points / node.journeys));
      const room = width < 560 ? 84 : 120;
      return {
        height: width < 560 ? 430 : 470,
        option: {
          series: [{
            type: "sankey", left: 2, right: room, top: 26, bottom: 6, nodeWidth: 12, nodeGap: 9,
            layoutIterations: 48, draggable: false, nodeAlign: "left",
            lineStyle: { color: colours.quiet, opacity: 0.42, curveness: 0.5 },
            emphasis: { focus: "adjacency", lineStyle: { opacity: 0.75 } },
            label: { color: colours.ink, fontSize: 11, width: room - 6, overflow: "truncate",
              textBorderColor: colours.page, textBorderWidth: 2 },
            data: shown.map((node) => ({
              name: node.id, depth: node.stop - 1, value: node.journeys,
              itemStyle: { color: mixed(colours.quiet, colours.level4,
                node.points / node.journeys / most), borderWidth: 0 },
              label: { formatter: () => cut(node.name, 60) },
              tell: [`Stop ${node.stop}: ${node.name}`, `${number(node.journeys)} journeys`,
                `${number(node.points / node.journeys, 1)} points met there, a journey`,
                `${number(node.journeys - node.onward)} ${node.stop < 4 ? "end there" : "go on or end there"}`],
            })),
            links: links.filter((link) => link.stop < stops).map((link) => ({
              source: link.source, target: link.target, value: link.journeys,
              tell: [`${link.from} → ${link.to}`, `${number(link.journeys)} journeys`],
            })),
          }],
        },
        after: (chart) => heads(chart, stops, width, room),
      };
    },

    journey: (_, width) => timeline(journeys[pick ? Number(pick.value) : 0], width),

    promises: ({ kinds, states }, width) => {
      const sums = kinds.map((_, n) => Object.values(states).reduce((sum, each) => sum + each[n], 0));
      const shades = { kept: colours.good, broken: colours.hot, open: colours.quiet,
        moved: colours.quieter, unknown: colours.unknown };
      return {
        height: 58 + 34 * kinds.length,
        option: {
          legend: legend(),
          grid: { left: gutter(kinds, width), right: 6, top: 34, bottom: 22 },
          xAxis: { type: "value", max: 100, ...quietAxis(),
            axisLabel: { ...axisText(), formatter: "{value} %" } },
          yAxis: { ...namesAxis(kinds, wrapped(kinds, width)), inverse: true },
          series: Object.entries(states).map(([state, counts]) => ({
            type: "bar", stack: "all", name: state, barWidth: 18,
            itemStyle: { color: shades[state] },
            data: counts.map((value, n) => ({
              value: sums[n] ? (100 * value) / sums[n] : 0, count: value,
              label: { show: state === "broken" && value / sums[n] > 0.07, color: colours.page,
                fontSize: 11, formatter: `${number((100 * value) / sums[n])} %` },
              tell: [`${kinds[n]}: ${state}`,
                `${number(value)} of ${number(sums[n])} (${number((100 * value) / sums[n])} %)`],
            })),
          })),
        },
      };
    },

    days: ({ kinds, silent, knowing }, width) => ({
      height: 58 + 34 * kinds.length,
      option: {
        legend: legend(),
        grid: { left: gutter(kinds, width), right: 52, top: 34, bottom: 22 },
        xAxis: { type: "value", ...quietAxis(), splitNumber: 3, minInterval: 1 },
        yAxis: { ...namesAxis(kinds, wrapped(kinds, width)), inverse: true },
        series: [["silent", silent, colours.unknown], ["known, not told", knowing, colours.ink]].map(
          ([name, values, color]) => ({
            type: "bar", name, barGap: "25%", barMaxWidth: 9, itemStyle: { color },
            label: { show: true, position: "right", color: colours.soft, fontSize: 11,
              formatter: ({ value }) => (value ? number(value) : "") },
            data: values.map((value, n) => ({
              value, tell: [`${kinds[n]}: ${name}`, `${number(value)} days`],
            })),
          })),
      },
    }),

    fixes: (fixes, width) => {
      const left = width < 560 ? 132 : 300;
      const names = fixes.map((_, n) => String(n));
      const label = (n) => width < 560
        ? `{b|${cut(plain(fixes[n].touchpoint), 20)}}\n{s|${cut(plain(fixes[n].what), 24)}}`
        : `{b|${cut(plain(fixes[n].touchpoint), 24)}}  {s|${cut(plain(fixes[n].what), 38)}}`;
      const tell = (fix) => [`${fix.touchpoint}: ${fix.what}`,
        `${number(fix.gone, 1)} points gone (${number(fix.low, 1)} to ${number(fix.high, 1)})`,
        `${number(fix.alone, 1)} without follow-ups; ${number(fix.leaving)} customers leave level 2`];
      return {
        height: 30 + (width < 560 ? 40 : 32) * fixes.length,
        option: {
          grid: { left, right: 14, top: 6, bottom: 24 },
          xAxis: { type: "value", ...quietAxis(), min: (axis) => Math.min(0, axis.min),
            max: Math.max(...fixes.map((fix) => Math.max(fix.high, fix.alone))) * 1.02,
            axisLabel: { ...axisText(), showMaxLabel: false, formatter: (value) => number(value) } },
          yAxis: { ...namesAxis(names, {
            formatter: (_, n) => label(n), width: left - 12, overflow: "truncate",
            rich: { b: { color: colours.ink, fontSize: 12, fontWeight: 600, lineHeight: 16 },
              s: { color: colours.soft, fontSize: 11, lineHeight: 15 } },
          }), inverse: true },
          series: [
            { type: "bar", barWidth: 6, silent: true, itemStyle: { color: colours.quieter },
              data: fixes.map((fix) => fix.alone) },
            { type: "custom", silent: true, z: 3, data: fixes.map((fix, n) => [fix.low, n, fix.high]),
              encode: { x: [0, 2], y: 1 },
              renderItem: (_, api) => {
                const [x1, y] = api.coord([api.value(0), api.value(1)]);
                const [x2] = api.coord([api.value(2), api.value(1)]);
                return { type: "line", shape: { x1, y1: y, x2, y2: y },
                  style: { stroke: colours.hot, lineWidth: 2 } };
              } },
            { type: "scatter", symbolSize: 11, z: 4, data: fixes.map((fix, n) => ({
              value: [fix.gone, n], tell: tell(fix),
              itemStyle: { color: fix.candidate ? colours.hot : colours.page,
                borderColor: colours.hot, borderWidth: 2 },
            })) },
          ],
        },
      };
    },

    hidden: (hidden, width) => {
      const blocks = hidden.flatMap((journey, row) => {
        let from = 0;
        return journey.touches.map(([touchpoint, points], n) => {
          from += points;
          return { value: [from - points, row, from], tell: [
            `Journey ${journey.name}, touch ${n + 1} of ${journey.count}: ${touchpoint}`,
            `${number(points, 1)} points; ${number(from, 1)} so far`] };
        });
      });
      return {
        height: 34 + 24 * hidden.length,
        option: {
          grid: { left: width < 560 ? 24 : 30, right: 44, top: 6, bottom: 24 },
          xAxis: { type: "value", ...quietAxis(), max: Math.max(...hidden.map((each) => each.points)),
            axisLabel: { ...axisText(), showMaxLabel: false } },
          yAxis: { ...namesAxis(hidden.map((each) => each.name)), inverse: true },
          series: [{
            type: "custom", encode: { x: [0, 2], y: 1 }, data: blocks,
            renderItem: (_, api) => {
              const [x1, y] = api.coord([api.value(0), api.value(1)]);
              const [x2] = api.coord([api.value(2), api.value(1)]);
              return { type: "rect", style: { fill: colours.level2 },
                emphasis: { style: { fill: colours.level4 } },
                shape: { x: x1 + 0.75, y: y - 7, width: Math.max(1, x2 - x1 - 1.5), height: 14 } };
            },
          }, {
            type: "scatter", silent: true, symbolSize: 0.01,
            data: hidden.map((each, row) => [each.points, row]),
            label: { show: true, position: "right", color: colours.ink, fontSize: 11,
              formatter: ({ value }) => number(value[0], 1) },
          }],
        },
      };
    },
  };

  // Bars or a line over weeks.
  function weekly(weeks, series, yAxis = {}) {
    return {
      height: 176,
      option: {
        legend: series.length > 1 ? legend() : { show: false },
        grid: { left: 42, right: 6, top: series.length > 1 ? 30 : 12, bottom: 24 },
        xAxis: { ...namesAxis(weeks.map(shortWeek)), axisLabel: { ...axisText(), hideOverlap: true,
          alignMaxLabel: "right", showMaxLabel: true } },
        yAxis: { type: "value", splitNumber: 3, ...quietAxis(), ...yAxis },
        series,
      },
    };
  }

  function legend() {
    return { top: 0, left: 0, itemWidth: 11, itemHeight: 11, itemGap: 12, icon: "roundRect",
      selectedMode: false, textStyle: { color: colours.soft, fontSize: 11 } };
  }

  function gutter(kinds, width) {
    const longest = Math.max(...kinds.map((kind) => kind.length));
    return Math.min(width < 420 ? 96 : 150, 14 + 6.6 * longest);
  }

  function wrapped(kinds, width) {
    return { color: colours.ink, width: gutter(kinds, width) - 8, overflow: "truncate" };
  }

  // The number of each stop above its column of a Sankey.
  function heads(chart, stops, width, room) {
    const last = width - room - 14;
    chart.setOption({ graphic: Array.from({ length: stops }, (_, n) => ({
      type: "text", left: 2 + (n * last) / (stops - 1), top: 2, silent: true,
      style: { text: n ? `stop ${n + 1}` : "first stop", fill: colours.soft,
        font: `11px ${getComputedStyle(document.body).fontFamily}` },
    })) });
  }

  // The score of one customer over time, and a lane a promise below.
  function timeline(journey, width) {
    const { signals, promises, thresholds } = journey;
    const narrow = width < 560;
    const left = narrow ? 62 : 84;
    const high = 250;
    const lane = 20;
    const lanes = promises.length ? 14 + lane * promises.length : 0;
    const span = Math.max(journey.to - journey.from, DAY);
    const from = journey.from - span * 0.02;
    const line = [[journey.from, signals.length ? signals[0].before : 0]];
    for (const signal of signals) line.push([signal.at, signal.before], [signal.at, signal.after]);
    line.push([journey.to, journey.score]);
    const top = Math.max(thresholds[0] * 1.2, ...line.map((point) => point[1])) * 1.08;
    const marks = {
      other: ["circle", 9, colours.hot], broken: ["rect", 9, colours.level4],
      silence: ["circle", 9, colours.unknown], chase: ["triangle", 12, colours.chase],
      good: ["diamond", 11, colours.good],
    };
    const axis = (gridIndex, shown) => ({
      type: "time", gridIndex, min: from, max: journey.to + span * 0.015, axisTick: { show: shown },
      axisLine: { lineStyle: { color: colours.line } }, splitLine: { show: false },
      axisLabel: { ...axisText(), show: shown, hideOverlap: true,
        formatter: { year: "{MMM} {yyyy}", month: "{d} {MMM}", day: "{d} {MMM}", hour: "{HH}:{mm}" } },
      axisPointer: { show: false },
    });
    const bar = (api, x1, x2, y, color, height) => ({
      type: "rect", style: { fill: color }, emphasis: { style: { opacity: 0.75 } },
      shape: { x: Math.min(x1, x2), y: y - height / 2, width: Math.max(2, Math.abs(x2 - x1)), height },
    });
    return {
      height: high + lanes + 34,
      option: {
        useUTC: true,
        grid: [
          { left, right: 46, top: 24, height: high - 24 },
          { left, right: 46, top: high + 8, height: Math.max(0, lanes - 14), show: false },
        ],
        xAxis: [axis(0, !lanes), axis(1, lanes > 0)],
        yAxis: [
          { type: "value", gridIndex: 0, name: "score", nameGap: 6, nameTextStyle: { ...axisText(),
            align: "right", padding: [0, 6, 0, 0] }, min: 0, max: top, ...quietAxis(), splitLine: { show: false },
            axisLabel: { ...axisText(), showMaxLabel: false, formatter: (value) => number(value) } },
          { ...namesAxis(promises.map((_, n) => String(n)), { color: colours.ink, width: left - 8,
            overflow: "truncate", formatter: (_, n) => promises[n].kind }), gridIndex: 1, inverse: true,
          axisLine: { show: false } },
        ],
        series: [
          {
            type: "line", data: line, symbol: "none", silent: true, z: 2,
            lineStyle: { color: colours.ink, width: 1.6 },
            areaStyle: { color: colours.hot, opacity: 0.1 },
            markLine: {
              silent: true, symbol: "none", animation: false,
              lineStyle: { type: "dashed", width: 1 },
              data: thresholds.map((at, n) => ({
                yAxis: at, lineStyle: { color: colours[`level${n + 1}`] },
                label: { position: "end", formatter: `level ${n + 1}`, fontSize: 11,
                  color: colours.soft, distance: 4 },
              })).filter((mark) => mark.yAxis < top),
            },
          },
          ...Object.entries(marks).map(([kind, [symbol, symbolSize, color]]) => ({
            type: "scatter", name: kind, symbol, symbolSize, z: 4,
            emphasis: { scale: 1.7 },
            data: signals.filter((signal) => signal.kind === kind).map((signal) => ({
              value: [signal.at, signal.after], at: signal.at, tell: signal.tell,
              itemStyle: { color: signal.own ? color : colours.page, borderColor: signal.own
                ? colours.page : color, borderWidth: signal.own ? 1 : 2 },
            })),
          })),
          {
            type: "custom", xAxisIndex: 1, yAxisIndex: 1, clip: true,
            encode: { x: [0, 2], y: 3 },
            data: promises.map((promise, n) => ({
              value: [promise.made, promise.due, promise.closed, n], at: promise.made,
              tell: promise.tell,
            })),
            renderItem: (params, api) => {
              const promise = promises[params.dataIndex];
              const x = (at) => Math.min(Math.max(api.coord([at, api.value(3)])[0], params.coordSys.x),
                params.coordSys.x + params.coordSys.width);
              const [, y] = api.coord([promise.made, api.value(3)]);
              const children = [bar(api, x(promise.made), x(Math.min(promise.due, promise.closed)), y,
                colours.quiet, 7)];
              if (promise.broken && promise.closed > promise.due) {
                children.push(bar(api, x(promise.due), x(promise.closed), y, colours.hot, 11));
              }
              if (promise.knowing && promise.done) {
                children.push(bar(api, x(promise.done), x(promise.told), y, colours.ink, 5));
              }
              return { type: "group", children };
            },
          },
        ],
      },
    };
  }

  // The lines that a datum tells, each as text in an element of its own.
  function told(parameters) {
    const first = Array.isArray(parameters) ? parameters[0] : parameters;
    const box = document.createElement("div");
    for (const [n, each] of (first?.data?.tell ?? []).entries()) {
      const made = box.appendChild(document.createElement(n ? "div" : "b"));
      made.textContent = each;
      made.style.display = "block";
    }
    return box;
  }

  function draw(canvas, width = canvas.clientWidth) {
    const { option, height, after } = charts[canvas.dataset.chart](data[canvas.dataset.chart], width);
    const old = echarts.getInstanceByDom(canvas);
    if (old) old.dispose();
    canvas.style.height = `${height}px`;
    const chart = echarts.init(canvas, null, { renderer: "svg", width, height });
    const isWeekly = ["trouble", "added", "kept"].includes(canvas.dataset.chart);
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: {
        trigger: isWeekly ? "axis" : "item", axisPointer: { type: isWeekly ? "shadow" : "none" },
        confine: true, formatter: told, backgroundColor: colours.panel, borderColor: colours.quiet,
        textStyle: { color: colours.ink, fontSize: 12.5 },
        extraCssText: "white-space: normal; max-width: 20rem; line-height: 1.4",
      },
      ...option,
    });
    if (after) after(chart);
    canvas.dataset.width = width;
    // What the keyboard goes through: everything that has something to tell, in time where it has one.
    canvas.stops = chart.getOption().series.flatMap((series, seriesIndex) => (series.data ?? [])
      .map((datum, dataIndex) => ({ seriesIndex, dataIndex, at: datum?.at, tell: datum?.tell })))
      .filter((stop) => stop.tell).sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    canvas.place = -1;
  }

  // Goes to a point of a chart, marks it, and says what it tells below the chart.
  function go(canvas, place) {
    const chart = echarts.getInstanceByDom(canvas);
    const said = canvas.nextElementSibling;
    chart.dispatchAction({ type: "downplay" });
    canvas.place = place;
    const stop = canvas.stops[place];
    if (stop) chart.dispatchAction({ type: "highlight", seriesIndex: stop.seriesIndex, dataIndex: stop.dataIndex });
    said.textContent = stop ? `${place + 1} of ${canvas.stops.length}. ${stop.tell.join(" · ")}` : "";
  }

  function onKey(event) {
    const canvas = event.currentTarget;
    const last = canvas.stops.length - 1;
    const places = {
      ArrowRight: Math.min(canvas.place + 1, last), ArrowDown: Math.min(canvas.place + 1, last),
      ArrowLeft: Math.max(canvas.place - 1, 0), ArrowUp: Math.max(canvas.place - 1, 0),
      Home: 0, End: last, Escape: -1,
    };
    if (!(event.key in places) || last < 0) return;
    event.preventDefault();
    go(canvas, places[event.key]);
  }

  function drawAll() {
    readColours();
    // All widths before the first change: the page is laid out once, not once a chart.
    const widths = canvases.map((canvas) => canvas.clientWidth);
    canvases.forEach((canvas, n) => draw(canvas, widths[n]));
  }

  for (const canvas of canvases) {
    canvas.addEventListener("keydown", onKey);
    canvas.addEventListener("blur", () => go(canvas, -1));
  }
  if (pick) {
    pick.addEventListener("change", () => {
      for (const story of document.querySelectorAll("[data-journey]")) {
        story.hidden = story.dataset.journey !== pick.value;
      }
      draw(document.querySelector('[data-chart="journey"]'));
    });
    pick.value = "0"; // a browser may remember another from before a reload
  }
  let waiting = 0;
  new ResizeObserver(() => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => canvases
      .filter((canvas) => canvas.clientWidth !== Number(canvas.dataset.width))
      .forEach((canvas) => draw(canvas)));
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  // Paper is white and as wide as a page, whatever the screen is.
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    drawAll();
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    drawAll();
  });

  drawAll();
  document.documentElement.dataset.drawnIn = Math.round(performance.now() - started);
})();
