// @ts-nocheck
// Written by `npm run docs` from src/domain, so that the pages judge as the service does. Do not change it here.
// Safari before 15.4 has no hasOwn of its own.
const isOwn = (object, name) => Object.prototype.hasOwnProperty.call(object, name);

// src/domain/flags/decimals.ts
var DECIMAL = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:e([+-]?\d{1,3}))?$/i;
function decimalIn(value) {
  if (typeof value !== "number" && typeof value !== "string") return void 0;
  const [, sign, whole, fraction = "", exponent = "0"] = DECIMAL.exec(String(value)) ?? [];
  if (whole === void 0) return void 0;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}
function compareDecimals(one, other) {
  const [left, right] = [decimalIn(one), decimalIn(other)];
  if (!left || !right) return void 0;
  const scale = Math.max(left.scale, right.scale);
  const [a, b] = [left, right].map((value) => value.digits * 10n ** BigInt(scale - value.scale));
  return a < b ? -1 : a > b ? 1 : 0;
}

// src/domain/flags/utf8.ts
function utf8(text) {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (const character of text) {
    const given = character.codePointAt(0);
    const point = given >= 55296 && given <= 57343 ? 65533 : given;
    if (point < 128) {
      bytes[length++] = point;
    } else if (point < 2048) {
      bytes[length++] = 192 | point >> 6;
      bytes[length++] = 128 | point & 63;
    } else {
      if (point < 65536) {
        bytes[length++] = 224 | point >> 12;
      } else {
        bytes[length++] = 240 | point >> 18;
        bytes[length++] = 128 | point >> 12 & 63;
      }
      bytes[length++] = 128 | point >> 6 & 63;
      bytes[length++] = 128 | point & 63;
    }
  }
  return bytes.subarray(0, length);
}

// src/domain/flags/flag.ts
var NOW = "now";
var isRollout = (serve) => typeof serve !== "string";
var prerequisites = /* @__PURE__ */ new WeakMap();
function prerequisitesOf(flag) {
  const known = prerequisites.get(flag);
  if (known) return known;
  const conditions = (flag.rules ?? []).flatMap((rule) => rule.if);
  const keys = [...new Set(conditions.filter(({ op }) => op === "flag").map(({ attribute }) => attribute))];
  prerequisites.set(flag, keys);
  return keys;
}

// src/domain/flags/instants.ts
var DAY_MS = 864e5;
var INSTANT = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2}))?$/;
function instantIn(value) {
  if (typeof value !== "string") return void 0;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone = "Z"] = INSTANT.exec(value) ?? [];
  if (year === void 0) return void 0;
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  const [, sign, zoneHours = "0", zoneMinutes = "0"] = /^([+-])(\d{2}):(\d{2})$/.exec(zone) ?? [];
  if (h > 23 || m > 59 || s > 59 || Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return void 0;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  if (days === void 0) return void 0;
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  const ms = Number(fraction.slice(0, 3).padEnd(3, "0"));
  return days * DAY_MS + ((h * 60 + m - offset) * 60 + s) * 1e3 + ms;
}
function daysSinceEpoch(year, month, day) {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  if (day < 1 || day > (lengths[month - 1] ?? 0)) return void 0;
  const before = lengths.slice(0, month - 1).reduce((sum, length) => sum + length, 0);
  return daysBeforeYear(year) - daysBeforeYear(1970) + before + day - 1;
}
var daysBeforeYear = (year) => {
  const past = year - 1;
  return year * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
};

// src/domain/flags/murmur3.ts
var C1 = 3432918353;
var C2 = 461845907;
var rotate = (value, bits) => value << bits | value >>> 32 - bits;
var mix = (block) => Math.imul(rotate(Math.imul(block, C1), 15), C2);
function murmur3(text) {
  const bytes = utf8(text);
  const end = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < end; at += 4) {
    hash ^= mix(
      byte(bytes, at) | byte(bytes, at + 1) << 8 | byte(bytes, at + 2) << 16 | byte(bytes, at + 3) << 24
    );
    hash = Math.imul(rotate(hash, 13), 5) + 3864292196;
  }
  if (end < bytes.length) hash ^= mix(byte(bytes, end) | byte(bytes, end + 1) << 8 | byte(bytes, end + 2) << 16);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ hash >>> 16, 2246822507);
  hash = Math.imul(hash ^ hash >>> 13, 3266489909);
  return (hash ^ hash >>> 16) >>> 0;
}
var byte = (bytes, at) => bytes[at] ?? 0;

// src/domain/flags/rollout.ts
var MAX_TOTAL_WEIGHT = 2 ** 31 - 1;
var HALF = 2 ** 16;
function placeOf(hash, total) {
  const high = Math.floor(hash / HALF);
  const low = hash % HALF;
  return Math.floor((high * total + Math.floor(low * total / HALF)) / HALF);
}
function variantOf({ rollout }, flagKey, unit) {
  const total = rollout.reduce((sum, [, weight]) => sum + weight, 0);
  const place = placeOf(murmur3(flagKey + unit), total);
  let end = 0;
  for (const [variant, weight] of rollout) {
    end += weight;
    if (place < end) return variant;
  }
  return void 0;
}
function soleVariant({ rollout }) {
  const served2 = rollout.filter(([, weight]) => weight > 0);
  return served2.length === 1 ? served2[0]?.[0] : void 0;
}

// src/domain/flags/semver.ts
var VERSION = /^v?(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?$/;
var COMPARISON = /^(=|!=|<=|<|>=|>|\^|~) ?(.+)$/;
var MAX_LENGTH = 256;
function versionIn(value) {
  if (typeof value !== "string" || value.length > MAX_LENGTH) return void 0;
  const [, major, minor, patch, prerelease] = VERSION.exec(value) ?? [];
  if (major === void 0) return void 0;
  return { numbers: [Number(major), Number(minor), Number(patch)], prerelease: prerelease?.split(".") ?? [] };
}
function compare(one, other) {
  for (const [index, number] of one.numbers.entries()) {
    const difference = number - other.numbers[index];
    if (difference !== 0) return difference;
  }
  if (one.prerelease.length === 0 || other.prerelease.length === 0)
    return other.prerelease.length - one.prerelease.length;
  return comparePrereleases(one.prerelease, other.prerelease);
}
function comparePrereleases(one, other) {
  for (let index = 0; index < Math.min(one.length, other.length); index++) {
    const [left, right] = [one[index], other[index]];
    if (left === right) continue;
    const [leftIsNumber, rightIsNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftIsNumber && rightIsNumber) return left.length - right.length || (left < right ? -1 : 1);
    if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return one.length - other.length;
}
var comparisonIn = (text) => {
  const [, operator = "", given] = typeof text === "string" && COMPARISON.exec(text) || [];
  const version = versionIn(given);
  return version && [operator, version];
};
function fitsVersion(value, comparison) {
  const version = versionIn(value);
  const [operator, other] = comparisonIn(comparison) ?? [];
  if (!version || !other) return false;
  const order = compare(version, other);
  const isSame = (count) => version.numbers.slice(0, count).every((number, index) => number === other.numbers[index]);
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "^":
      return isSame(1);
    default:
      return isSame(2);
  }
}

// src/domain/flags/evaluate.ts
var evaluate = (set, key, context) => new Evaluator(set, context).evaluate(key);
var Evaluator = class {
  constructor(set, context) {
    this.set = set;
    this.context = context;
  }
  set;
  context;
  done = /* @__PURE__ */ new Map();
  evaluate(key) {
    const needed = this.neededBy(key);
    if (needed.length > 0) this.evaluateAll([key, ...needed]);
    return this.finish(key);
  }
  /** @param open the last of which comes first, with what it needs */
  evaluateAll(open) {
    const begun = /* @__PURE__ */ new Set([open[0]]);
    while (open.length > 0) {
      const key = open[open.length - 1];
      const needed = begun.has(key) ? [] : this.neededBy(key).filter((each) => !begun.has(each));
      begun.add(key);
      if (needed.length > 0) open.push(...needed);
      else this.finish(open.pop());
    }
  }
  neededBy(key) {
    const flag = this.done.has(key) ? void 0 : this.set.flags.get(key);
    return flag ? prerequisitesOf(flag).filter((each) => !this.done.has(each)) : [];
  }
  finish(key) {
    const evaluation = this.done.get(key) ?? this.evaluateAnew(key);
    this.done.set(key, evaluation);
    return evaluation;
  }
  evaluateAnew(key) {
    const flag = this.set.flags.get(key);
    if (!flag) return { key, reason: "ERROR", errorCode: "FLAG_NOT_FOUND" };
    if (flag.state === "DISABLED") return { key, reason: "DISABLED" };
    const rules = flag.rules ?? [];
    const rule = rules.find((each) => each.if.every((condition) => this.holds(condition)));
    if (!rule) return served(flag, flag.defaultVariant, rules.length === 0 ? "STATIC" : "DEFAULT");
    if (!isRollout(rule.serve)) return served(flag, rule.serve, "TARGETING_MATCH");
    const variant = soleVariant(rule.serve) ?? this.split(flag, rule.serve);
    return variant === void 0 ? { key, reason: "ERROR", errorCode: "TARGETING_KEY_MISSING" } : served(flag, variant, "SPLIT");
  }
  /** As flagd does it: without the attribute, the targeting key counts. */
  split(flag, rollout) {
    const unit = (rollout.by === void 0 ? void 0 : unitIn(this.attribute(rollout.by))) ?? this.targetingKey();
    return unit === void 0 ? void 0 : variantOf(rollout, flag.key, unit);
  }
  targetingKey() {
    const key = this.attribute("targetingKey");
    return typeof key === "string" && key !== "" ? key : void 0;
  }
  attribute(name) {
    return isOwn(this.context, name) ? this.context[name] : void 0;
  }
  holds({ attribute, op, values = [] }) {
    if (op === "flag") {
      const variant = this.done.get(attribute)?.variant;
      return variant !== void 0 && values.includes(variant);
    }
    if (attribute === NOW) return holdsInTime(op, this.set.updatedAt, values[0]);
    const given = this.attribute(attribute);
    const isGiven = given !== void 0 && given !== null;
    if (op === "exists") return isGiven === (values[0] ?? true);
    return isGiven && holdsFor(given, op, values);
  }
};
var served = (flag, variant, reason) => ({
  key: flag.key,
  reason,
  variant,
  value: flag.variants[variant]
});
function unitIn(value) {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : void 0;
}
function holdsFor(given, op, values) {
  const [first] = values;
  switch (op) {
    case "in":
      return values.includes(given);
    case "notIn":
      return !values.includes(given);
    case "startsWith":
      return typeof given === "string" && values.some((value) => given.startsWith(String(value)));
    case "endsWith":
      return typeof given === "string" && values.some((value) => given.endsWith(String(value)));
    case "contains":
      if (Array.isArray(given)) return values.some((value) => given.includes(value));
      return typeof given === "string" && values.some((value) => given.includes(String(value)));
    case "semver":
      return values.every((value) => fitsVersion(given, value));
    case "before":
    case "after":
      return holdsInTime(op, instantIn(given), first);
    default:
      return holdsInOrder(op, compareDecimals(given, first));
  }
}
function holdsInTime(op, at, value) {
  const instant = instantIn(value);
  if (at === void 0 || instant === void 0) return false;
  return op === "before" ? at < instant : at >= instant;
}
function holdsInOrder(op, order) {
  if (order === void 0) return false;
  switch (op) {
    case "lt":
      return order < 0;
    case "lte":
      return order <= 0;
    case "gt":
      return order > 0;
    default:
      return order >= 0;
  }
}

// src/domain/shared/path-parameter.ts
var BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
function textInParameter(parameter) {
  if (!parameter.startsWith("~")) return parameter;
  const digits = [...parameter.slice(1)].map((digit) => BASE64URL.indexOf(digit));
  if (digits.length === 0 || digits.length % 4 === 1 || digits.includes(-1)) return void 0;
  const bits = digits.map((digit) => digit.toString(2).padStart(6, "0")).join("");
  const bytes = bits.match(/[01]{8}/g) ?? [];
  const escaped = bytes.map((byte2) => `%${Number.parseInt(byte2, 2).toString(16).padStart(2, "0")}`);
  return percentDecoded(escaped.join(""));
}
function textInSegment(segment) {
  const parameter = percentDecoded(segment);
  return parameter === void 0 ? void 0 : textInParameter(parameter);
}
function percentDecoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return void 0;
  }
}

// src/domain/shared/route-statement.ts
var METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
var MAX_STATEMENT_LENGTH = 200;
function readStatement(text) {
  if (text.length > MAX_STATEMENT_LENGTH) return `must have at most ${MAX_STATEMENT_LENGTH} characters`;
  const [, method = "", path] = /^([A-Z]+|\*) (\/[\x21-\x7e]*)$/.exec(text) ?? [];
  if (path === void 0) return 'must be a method or *, a space and a path, such as "GET /queues/**"';
  if (method !== "*" && !METHODS.includes(method))
    return `must begin with one of ${METHODS.join(", ")} or with *`;
  const hasRest = path.endsWith("/**");
  const named = hasRest ? path.slice(0, -"/**".length) : path;
  const parts = named === "/" ? [] : named.split("/").slice(1);
  const segments = [];
  for (const part of parts) {
    if (part === "") return "must have no empty segment and no closing slash";
    if (/[?#]/.test(part)) return "must have no query";
    if (part === "." || part === "..") return "must have no segment that is . or ..";
    if (part !== "*" && part.includes("*")) return "must have * for a whole segment, and ** at the end alone";
    const segment = part === "*" ? void 0 : textInSegment(part);
    if (part !== "*" && segment === void 0) return "must have segments that are percent-encoded, or ~ and base64url";
    segments.push(segment);
  }
  return { method, segments, hasRest };
}
function isMatch(statement, method, segments) {
  const { segments: expected, hasRest } = statement;
  const covers = statement.method === "*" || statement.method === method || statement.method === "GET" && method === "HEAD";
  if (!covers) return false;
  if (hasRest ? segments.length <= expected.length : segments.length !== expected.length) return false;
  return expected.every(
    (segment, index) => segment === void 0 || segments[index] === void 0 || segment === segments[index]
  );
}
export {
  evaluate,
  instantIn,
  isMatch,
  murmur3,
  placeOf,
  readStatement,
  variantOf
};
