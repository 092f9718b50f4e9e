/** Line charts as SVG, by Vega-Lite. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** One point of a line chart. */
export interface Point {
  /** Place on the x axis. */
  x: number;
  /** Place on the y axis. */
  y: number;
  /** Which line it belongs to. */
  line: string;
  /** Lines of one group have the same colour; those of the second kind of each are dashed. */
  group?: string;
  /** Heading of the panel that it is drawn in, where there are several. */
  panel?: string;
}

/** What a chart shows, beside its points. */
export interface ChartOptions {
  title: string;
  /** What the x axis measures, with its unit. */
  x: string;
  /** What the y axis measures, with its unit. */
  y: string;
  /** Scale of both axes; linear when left out. */
  scale?: "linear" | "log";
}

const SIZE = { width: 520, height: 300 };
const PANEL = { width: 360, height: 300 };
/** Lines through more points have no dots. */
const MOST_DOTS = 100;
/** Of Tableau, as Vega has them too. */
const COLOURS = ["#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#b279a2"];

/**
 * Draws lines through points.
 *
 * @param points All points of all lines.
 * @param options Title, axes and scale.
 * @returns An SVG file.
 */
export async function lineChart(points: readonly Point[], options: ChartOptions): Promise<string> {
  const { title, x, y, scale = "linear" } = options;
  const axis = (field: string, label: string) => ({
    field,
    type: "quantitative" as const,
    title: label,
    scale: { type: scale, nice: scale === "linear", zero: scale === "linear" },
  });
  const shared = { title, background: "white", data: { values: [...points] } };
  const lines = [...new Set(points.map(({ line }) => line))];
  const groupOf = (line: string) => points.find((point) => point.line === line)!.group ?? line;
  const names = [...new Set(lines.map(groupOf))];
  const groups = lines.map((line) => names.indexOf(groupOf(line)));
  /** 1 for a line that another one of its group comes before, else 0. */
  const nth = groups.map((group, i) => groups.indexOf(group) < i ? 1 : 0);
  const legend = { orient: "bottom" as const, columns: 3, labelLimit: SIZE.width };
  /** All that tells lines apart goes by the same field, so that there is one legend. */
  const line = <T>(range: T[]) => ({
    field: "line",
    type: "nominal" as const,
    title: null,
    legend,
    scale: { domain: lines, range: range as string[] },
  });
  const dots = points.length <= MOST_DOTS;
  const unit = {
    mark: { type: "line" as const, point: dots },
    encoding: {
      x: axis("x", x),
      y: axis("y", y),
      color: line(groups.map((group) => COLOURS[group % COLOURS.length])),
      strokeDash: line(nth.map((n) => n > 0 ? [5, 3] : [1, 0])),
      ...dots ? { shape: line(nth.map((n) => n > 0 ? "square" : "circle")) } : {},
    },
  };
  const spec: TopLevelSpec = points[0]?.panel === undefined ? { ...SIZE, ...shared, ...unit } : {
    ...shared,
    facet: { column: { field: "panel", type: "nominal", title: null, sort: null } },
    spec: { ...PANEL, ...unit },
    resolve: { scale: { y: "independent" } },
  };
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
