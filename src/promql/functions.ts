/** Signatures of all PromQL functions (prometheus/promql/parser/functions.go, 3.14). What they compute is in functions/. */
import type { FunctionSignature, ValueType } from './ast.ts';

type Shape = Pick<FunctionSignature, 'args' | 'variadic' | 'returns' | 'isExperimental'>;

function shape(args: readonly ValueType[], options: Partial<Shape> = {}): Shape {
  return { args, variadic: 0, returns: 'vector', isExperimental: false, ...options };
}

const OF_VECTOR = shape(['vector']);
const OF_RANGE = shape(['matrix']);
const OF_RANGE_EXPERIMENTAL = shape(['matrix'], { isExperimental: true });
/** Of the evaluation time where the vector is left out. */
const OF_TIME = shape(['vector'], { variadic: 1 });
const OF_QUERY_EXPERIMENTAL = shape([], { returns: 'scalar', isExperimental: true });
const OF_SCALARS_EXPERIMENTAL = shape(['scalar', 'scalar'], { returns: 'scalar', isExperimental: true });
const BY_LABELS_EXPERIMENTAL = shape(['vector', 'string'], { variadic: -1, isExperimental: true });

const SHAPES: Readonly<Record<string, Shape>> = {
  abs: OF_VECTOR,
  absent: OF_VECTOR,
  absent_over_time: OF_RANGE,
  acos: OF_VECTOR,
  acosh: OF_VECTOR,
  asin: OF_VECTOR,
  asinh: OF_VECTOR,
  atan: OF_VECTOR,
  atanh: OF_VECTOR,
  avg_over_time: OF_RANGE,
  ceil: OF_VECTOR,
  changes: OF_RANGE,
  clamp: shape(['vector', 'scalar', 'scalar']),
  clamp_max: shape(['vector', 'scalar']),
  clamp_min: shape(['vector', 'scalar']),
  cos: OF_VECTOR,
  cosh: OF_VECTOR,
  count_over_time: OF_RANGE,
  day_of_month: OF_TIME,
  day_of_week: OF_TIME,
  day_of_year: OF_TIME,
  days_in_month: OF_TIME,
  deg: OF_VECTOR,
  delta: OF_RANGE,
  deriv: OF_RANGE,
  double_exponential_smoothing: shape(['matrix', 'scalar', 'scalar'], { isExperimental: true }),
  end: OF_QUERY_EXPERIMENTAL,
  exp: OF_VECTOR,
  first_over_time: OF_RANGE,
  floor: OF_VECTOR,
  histogram_avg: OF_VECTOR,
  histogram_count: OF_VECTOR,
  histogram_fraction: shape(['scalar', 'scalar', 'vector']),
  histogram_quantile: shape(['scalar', 'vector']),
  histogram_quantiles: shape(['vector', 'string', 'scalar', 'scalar'], { variadic: 9, isExperimental: true }),
  histogram_stddev: OF_VECTOR,
  histogram_stdvar: OF_VECTOR,
  histogram_sum: OF_VECTOR,
  hour: OF_TIME,
  idelta: OF_RANGE,
  increase: OF_RANGE,
  info: shape(['vector', 'vector'], { variadic: 1, isExperimental: true }),
  irate: OF_RANGE,
  label_join: shape(['vector', 'string', 'string', 'string'], { variadic: -1 }),
  label_replace: shape(['vector', 'string', 'string', 'string', 'string']),
  last_over_time: OF_RANGE,
  ln: OF_VECTOR,
  log10: OF_VECTOR,
  log2: OF_VECTOR,
  mad_over_time: OF_RANGE_EXPERIMENTAL,
  max_of: OF_SCALARS_EXPERIMENTAL,
  max_over_time: OF_RANGE,
  min_of: OF_SCALARS_EXPERIMENTAL,
  min_over_time: OF_RANGE,
  minute: OF_TIME,
  month: OF_TIME,
  pi: shape([], { returns: 'scalar' }),
  predict_linear: shape(['matrix', 'scalar']),
  present_over_time: OF_RANGE,
  quantile_over_time: shape(['scalar', 'matrix']),
  rad: OF_VECTOR,
  range: OF_QUERY_EXPERIMENTAL,
  rate: OF_RANGE,
  resets: OF_RANGE,
  round: shape(['vector', 'scalar'], { variadic: 1 }),
  scalar: shape(['vector'], { returns: 'scalar' }),
  sgn: OF_VECTOR,
  sin: OF_VECTOR,
  sinh: OF_VECTOR,
  sort: OF_VECTOR,
  sort_by_label: BY_LABELS_EXPERIMENTAL,
  sort_by_label_desc: BY_LABELS_EXPERIMENTAL,
  sort_desc: OF_VECTOR,
  sqrt: OF_VECTOR,
  start: OF_QUERY_EXPERIMENTAL,
  start_timestamp: shape(['vector'], { isExperimental: true }),
  stddev_over_time: OF_RANGE,
  stdvar_over_time: OF_RANGE,
  step: OF_QUERY_EXPERIMENTAL,
  sum_over_time: OF_RANGE,
  tan: OF_VECTOR,
  tanh: OF_VECTOR,
  time: shape([], { returns: 'scalar' }),
  timestamp: OF_VECTOR,
  ts_of_first_over_time: OF_RANGE_EXPERIMENTAL,
  ts_of_last_over_time: OF_RANGE_EXPERIMENTAL,
  ts_of_max_over_time: OF_RANGE_EXPERIMENTAL,
  ts_of_min_over_time: OF_RANGE_EXPERIMENTAL,
  vector: shape(['scalar']),
  year: OF_TIME,
};

/** By name, sorted by name. */
export const FUNCTIONS: ReadonlyMap<string, FunctionSignature> = new Map(
  Object.entries(SHAPES).map(([name, shape]) => [name, { name, ...shape }]),
);
