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
/** Lines through more points have no dots. */
const MOST_DOTS = 100;

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
    scale: { type: scale, nice: scale === "linear" },
  });
  const spec: TopLevelSpec = {
    ...SIZE,
    title,
    background: "white",
    data: { values: [...points] },
    mark: { type: "line", point: points.length <= MOST_DOTS },
    encoding: {
      x: axis("x", x),
      y: axis("y", y),
      color: {
        field: "line",
        type: "nominal",
        title: null,
        legend: { orient: "bottom", columns: 3, labelLimit: SIZE.width },
      },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
