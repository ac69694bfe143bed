/**
 * Which of some regular expressions match a text, told in one pass over it, as RE2::Set does: their programs (re2js's) run
 * side by side as one automaton. A state is the instructions that all of them may be at; it and where a character leads from
 * it are worked out when a text first comes there, and remembered, so that texts of one shape cost a few table lookups.
 * Characters that no instruction tells apart are one class. Every answer is the one that each program gives alone.
 *
 * Memory: the programs, and a bounded number of states for each. Some expressions have states without end, together or alone:
 * a set of several gives up then (`matching` is null), a set of one forgets its states and goes on.
 *
 * Hot path: `matching`, for each new value of a label that has silences without literals.
 */

/** What re2js compiles a pattern to. Instruction 0 is a failure. */
export type RegexProgram = { readonly start: number; readonly inst: readonly Instruction[] };

type Instruction = {
  readonly op: number;
  readonly out: number;
  readonly arg: number;
  readonly runes: ArrayLike<number>;
  matchRune(rune: number): boolean;
};

/** Instructions' operations (re2js's Inst). CAPTURE and NOP just lead on. */
const ALT = 1;
const ALT_MATCH = 2;
const CAPTURE = 3;
const ASSERTION = 4;
const MATCH = 6;
const NOP = 7;
const RUNE = 8;
const RUNE1 = 9;
const RUNE_ANY = 10;
const RUNE_ANY_NOT_NEWLINE = 11;

/** What an assertion asks for; bits of its argument (re2js's Utils.EMPTY_*). */
const BEGIN_LINE = 1;
const END_LINE = 2;
const BEGIN_TEXT = 4;
const END_TEXT = 8;
const WORD_BOUNDARY = 16;
const NO_WORD_BOUNDARY = 32;

/** What stands beside a place in a text, as far as assertions care. */
type Neighbour = 'edge' | 'newline' | 'word' | 'other';

/** Characters of one class: which tests of the instructions they pass. */
type RuneClass = { readonly passes: Uint8Array; readonly neighbour: Neighbour };

type State = {
  /** Instructions to go on from, ascending. What they lead to without a character depends on the next one. */
  readonly at: Int32Array;
  readonly before: Neighbour;
  /** Of a text that ends here; null: not asked yet. */
  matches: readonly number[] | null;
};

/** States of a set, and more for each of its programs. */
const STATES_MAX = 32;
const STATES_PER_PROGRAM = 16;
/** Instructions in all states together, for each program. */
const STATE_INSTRUCTIONS_PER_PROGRAM = 2048;
const CELLS_MAX = 65_536;
/** Of so many characters for each state that they led to, the states are worth remembering. */
const CHARACTERS_PER_STATE = 8;
const CLASSES_MAX = 512;
const RUNES_MAX = 2048;

const START = 1;
/** In the table: not worked out yet, and that nothing can match any more. Others are states' numbers. */
const UNKNOWN = 0;
const DEAD = -1;
const NONE: readonly number[] = [];

export class RegexSet {
  readonly #count: number;
  // The programs, one behind another. Of a MATCH, #arg is its program; of what takes a character, the test that it must pass.
  readonly #op: Uint8Array;
  readonly #out: Int32Array;
  readonly #arg: Int32Array;
  readonly #start: Int32Array;
  readonly #hasAssertions: boolean;
  readonly #tests: ((rune: number) => boolean)[] = [];

  readonly #classes: RuneClass[] = [];
  readonly #classByPasses = new Map<string, number>();
  readonly #asciiClass = new Int16Array(128);
  readonly #otherClass = new Map<number, number>();

  /** By number; 0 is none. */
  #states: State[] = [];
  readonly #numberOf = new Map<string, number>();
  #stateInstructions = 0;
  /** By state and class: where a character leads. */
  #table = new Int32Array(0);
  /** Classes that a row of the table has room for. */
  #width = 16;
  /** Characters read since the states were last forgotten. */
  #read = 0;

  readonly #reached: InstructionSet;
  readonly #next: InstructionSet;
  readonly #stack: number[] = [];

  constructor(programs: readonly RegexProgram[]) {
    this.#count = programs.length;
    const size = programs.reduce((sum, { inst }) => sum + inst.length, 0);
    this.#op = new Uint8Array(size);
    this.#out = new Int32Array(size);
    this.#arg = new Int32Array(size);
    this.#reached = new InstructionSet(size);
    this.#next = new InstructionSet(size);
    const testByKey = new Map<string, number>();
    let offset = 0;
    let hasAssertions = false;
    const starts = programs.map(({ start, inst }, program) => {
      inst.forEach((instruction, i) => {
        const { op, out, arg } = instruction;
        const at = offset + i;
        this.#op[at] = op;
        this.#out[at] = offset + out;
        this.#arg[at] =
          op === ALT || op === ALT_MATCH ? offset + arg : op === MATCH ? program : op < RUNE ? arg : this.#testOf(instruction, testByKey);
        hasAssertions ||= op === ASSERTION;
      });
      const at = offset + start;
      offset += inst.length;
      return at;
    });
    this.#start = Int32Array.from(starts).sort();
    this.#hasAssertions = hasAssertions;
    this.#forgetClasses();
  }

  /** Positions of the programs that match the whole text, ascending; null: they are better off in smaller sets. */
  matching(text: string): readonly number[] | null {
    if (this.#classes.length > CLASSES_MAX) this.#forgetClasses();
    this.#read += text.length;
    let state = START;
    for (let at = 0; at < text.length; at++) {
      let rune = text.charCodeAt(at);
      let runeClass: number;
      if (rune < 128) {
        runeClass = this.#asciiClass[rune] as number;
        if (runeClass < 0) this.#asciiClass[rune] = runeClass = this.#classOf(rune);
      } else {
        rune = text.codePointAt(at) ?? 0;
        if (rune > 0xffff) at++;
        runeClass = this.#otherClassOf(rune);
      }
      const known = this.#table[state * this.#width + runeClass] as number;
      const next = known === UNKNOWN ? this.#step(state, runeClass) : known;
      if (next === UNKNOWN) return null;
      if (next === DEAD) return NONE;
      state = next;
    }
    const { matches } = this.#states[state] as State;
    return matches ?? this.#end(this.#states[state] as State);
  }

  /** Where a character of the class leads from the state; UNKNOWN: the set gives up. */
  #step(from: number, runeClass: number): number {
    const { at, before } = this.#states[from] as State;
    const { passes, neighbour } = this.#classes[runeClass] as RuneClass;
    this.#reach(at, before, neighbour);
    const { list, size } = this.#reached;
    this.#next.clear();
    for (let i = 0; i < size; i++) {
      const instruction = list[i] as number;
      if ((this.#op[instruction] as number) >= RUNE && passes[this.#arg[instruction] as number] === 1)
        this.#next.add(this.#out[instruction] as number);
    }
    const next = this.#next.list.slice(0, this.#next.size).sort();
    if (next.length > 0 && this.#isFull()) {
      const isWorthIt = this.#read > CHARACTERS_PER_STATE * this.#states.length;
      if (this.#count > 1 && !isWorthIt) return UNKNOWN;
      this.#forgetStates();
      return this.#stateOf(next, neighbour);
    }
    const to = next.length === 0 ? DEAD : this.#stateOf(next, neighbour);
    this.#table[from * this.#width + runeClass] = to;
    return to;
  }

  #end(state: State): readonly number[] {
    this.#reach(state.at, state.before, 'edge');
    const matches: number[] = [];
    const { list, size } = this.#reached;
    for (let i = 0; i < size; i++) {
      const instruction = list[i] as number;
      if (this.#op[instruction] === MATCH) matches.push(this.#arg[instruction] as number);
    }
    state.matches = matches.length === 0 ? NONE : matches.sort((a, b) => a - b);
    return state.matches;
  }

  /** Into #reached: the instructions that take a character, or match, and all that lies on the way to them. */
  #reach(from: Int32Array, before: Neighbour, after: Neighbour): void {
    const holds = this.#hasAssertions ? assertionsBetween(before, after) : 0;
    const stack = this.#stack;
    this.#reached.clear();
    for (const first of from) {
      stack.push(first);
      for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
        if (!this.#reached.add(at)) continue;
        const out = this.#out[at] as number;
        const arg = this.#arg[at] as number;
        switch (this.#op[at]) {
          case ALT:
          case ALT_MATCH:
            stack.push(arg, out);
            break;
          case CAPTURE:
          case NOP:
            stack.push(out);
            break;
          case ASSERTION:
            if ((arg & ~holds) === 0) stack.push(out);
        }
      }
    }
  }

  #stateOf(at: Int32Array, before: Neighbour): number {
    const seen = this.#hasAssertions ? before : 'other';
    const key = `${seen} ${at.join(' ')}`;
    const known = this.#numberOf.get(key);
    if (known !== undefined) return known;
    const number = this.#states.length;
    this.#states.push({ at, before: seen, matches: null });
    this.#numberOf.set(key, number);
    this.#stateInstructions += at.length;
    this.#makeRoom();
    return number;
  }

  #isFull(): boolean {
    const { length } = this.#states;
    const instructionsMax = Math.max(STATE_INSTRUCTIONS_PER_PROGRAM * this.#count, 4 * this.#op.length);
    return (
      length > STATES_MAX + STATES_PER_PROGRAM * this.#count ||
      length * this.#width > CELLS_MAX ||
      this.#stateInstructions > instructionsMax
    );
  }

  #forgetStates(): void {
    this.#states = [{ at: new Int32Array(0), before: 'other', matches: NONE }];
    this.#numberOf.clear();
    this.#stateInstructions = 0;
    this.#table.fill(UNKNOWN);
    this.#read = 0;
    this.#stateOf(this.#start, 'edge');
  }

  #forgetClasses(): void {
    this.#classes.length = 0;
    this.#classByPasses.clear();
    this.#asciiClass.fill(-1);
    this.#otherClass.clear();
    this.#forgetStates();
  }

  #otherClassOf(rune: number): number {
    const known = this.#otherClass.get(rune);
    if (known !== undefined) return known;
    if (this.#otherClass.size >= RUNES_MAX) this.#otherClass.clear();
    const runeClass = this.#classOf(rune);
    this.#otherClass.set(rune, runeClass);
    return runeClass;
  }

  #classOf(rune: number): number {
    const passes = Uint8Array.from(this.#tests, (test) => (test(rune) ? 1 : 0));
    const neighbour = this.#hasAssertions ? neighbourOf(rune) : 'other';
    const key = `${neighbour} ${passes.join('')}`;
    const known = this.#classByPasses.get(key);
    if (known !== undefined) return known;
    const runeClass = this.#classes.length;
    this.#classes.push({ passes, neighbour });
    this.#classByPasses.set(key, runeClass);
    if (runeClass >= this.#width) this.#widen();
    return runeClass;
  }

  #makeRoom(): void {
    const cells = this.#states.length * this.#width;
    if (cells <= this.#table.length) return;
    const table = new Int32Array(2 * cells);
    table.set(this.#table);
    this.#table = table;
  }

  #widen(): void {
    const { length } = this.#states;
    const width = 2 * this.#width;
    const table = new Int32Array(length * width);
    for (let state = 0; state < length; state++) {
      table.set(this.#table.subarray(state * this.#width, (state + 1) * this.#width), state * width);
    }
    this.#table = table;
    this.#width = width;
  }

  #testOf(instruction: Instruction, testByKey: Map<string, number>): number {
    const { op, arg, runes } = instruction;
    const key = `${op} ${arg} ${Array.from(runes).join(' ')}`;
    const known = testByKey.get(key);
    if (known !== undefined) return known;
    const number = this.#tests.length;
    testByKey.set(key, number);
    this.#tests.push(runeTest(instruction));
    return number;
  }
}

/** Numbers below a bound, in the order they came; emptied at once (Briggs and Torczon's sparse set). */
class InstructionSet {
  readonly list: Int32Array;
  size = 0;
  readonly #place: Int32Array;

  constructor(bound: number) {
    this.list = new Int32Array(bound);
    this.#place = new Int32Array(bound);
  }

  /** Whether it is new. */
  add(instruction: number): boolean {
    const place = this.#place[instruction] as number;
    if (place < this.size && this.list[place] === instruction) return false;
    this.#place[instruction] = this.size;
    this.list[this.size++] = instruction;
    return true;
  }

  clear(): void {
    this.size = 0;
  }
}

function runeTest(instruction: Instruction): (rune: number) => boolean {
  switch (instruction.op) {
    case RUNE_ANY:
      return () => true;
    case RUNE_ANY_NOT_NEWLINE:
      return (rune) => rune !== NEWLINE;
    case RUNE1:
      return (rune) => rune === instruction.runes[0];
    default:
      return (rune) => instruction.matchRune(rune);
  }
}

const NEWLINE = 10;
const WORD = /\w/;

const neighbourOf = (rune: number): Neighbour =>
  rune === NEWLINE ? 'newline' : rune < 128 && WORD.test(String.fromCharCode(rune)) ? 'word' : 'other';

function assertionsBetween(before: Neighbour, after: Neighbour): number {
  let holds = (before === 'word') === (after === 'word') ? NO_WORD_BOUNDARY : WORD_BOUNDARY;
  if (before === 'edge') holds |= BEGIN_TEXT | BEGIN_LINE;
  if (before === 'newline') holds |= BEGIN_LINE;
  if (after === 'edge') holds |= END_TEXT | END_LINE;
  if (after === 'newline') holds |= END_LINE;
  return holds;
}
