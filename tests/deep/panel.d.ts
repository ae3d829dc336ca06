/** The types that comments in the panel's scripts name. */

/** The page has no other elements. */
interface ParentNode {
  querySelector(selectors: string): HTMLElement | null;
  querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
}

type Status = "pending" | "running" | "complete" | "success" | "partiallyFailed" | "failed";
type Counts = Record<string, number>;
type Json = Record<string, any>;

interface Job {
  jobId: string;
  status: Status;
  request: { command: string; url: string; rawRequest?: string };
  plan?: { steps?: { status: Status; progress?: number; after_s: number }[] };
}

/** A job as `GET jobs` lists it; `due` is when the clock will change it. */
interface Item {
  job: Job;
  graph: string;
  moves: Status[];
  progress?: number;
  next: { status: Status; in_s: number } | null;
  due?: number;
}

/** A request and its answer, as `GET journal` lists it. */
interface Entry {
  number: number;
  real_at: number;
  operation: string | null;
  method: string;
  path: string;
  query: Record<string, string>;
  args: Record<string, string>;
  headers: Record<string, string>;
  body: any;
  status: number;
  reply_headers: Record<string, string>;
  reply_body?: string;
  reply_bytes?: number;
  fault: string | null;
  connection: string | null;
  took_s: number;
  job_id: string | null;
  dropped?: number;
}

interface Timing {
  now: number;
  frozen: boolean;
  rate: number;
}

interface Project {
  id: string;
  graphs: string[];
  isProxy: boolean;
}

/** A request as code that can be copied shows it. */
interface Call {
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}

// --- Calls ---

interface Rule extends Json {
  id: string;
  remaining: number | null;
  paused?: boolean;
}
interface Finding {
  code: string;
  rule: string;
  message: string;
  entries?: number[];
  details?: string;
}
interface Seen {
  observed: { status: Status; times: number; at: number; first: number }[];
  went_through: { status: Status }[];
}

/** What `GET` answers, by path. */
type Answer<Path extends string> = Path extends `jobs?${string}`
  ? { jobs: Item[]; total: number; counts: Counts }
  : Path extends `jobs/${string}` ? Item
  : Path extends `seen/${string}` ? Seen
  : Path extends `journal?${string}` ? { entries: Entry[]; count: number }
  : Path extends `findings?${string}` ? { findings: Finding[]; total: number }
  : Path extends "clock" ? Timing & { next_s: number | null }
  : Path extends "health" ? { project_id: string; epoch: number }
  : Path extends `graphs?${string}` ? { graphs: { graph: string }[] }
  : Path extends `/_gesmock/projects?${string}` ? { projects: { project_id: string }[] }
  : Path extends "scenario" ? { scenario: string | null; changed: boolean; scenarios: { name: string; title: string }[] }
  : Path extends "faults" ? { faults: Rule[] }
  : Path extends "plans" ? { plans: Rule[] }
  : Path extends "preset" ? { preset: string | null }
  : any;
type Get = <Path extends string>(path: Path) => Promise<Answer<Path>>;

/** `body` is sent as JSON. */
type Send = (method: string, path: string, body?: unknown) => Promise<any>;
type Throttled = (load: () => Promise<unknown>, least_ms: number) => () => Promise<void>;

// --- The view, and events ---

type Kind = "job" | "request" | "findings";
type Name = "project" | "graph" | "status" | "command" | "q" | "view" | Kind;
type View = Record<Name, string>;
type Look = (changes: Partial<View>, push?: boolean) => void;

/** The server's events, those of the connection to it (`open`, `gone`, `refused`), and the page's `load`. */
interface Events {
  open: undefined;
  gone: undefined;
  refused: { status: number; error: string };
  load: undefined;
  reset: { epoch: number };
  job: Item & { removed?: boolean; job_id?: string };
  counts: { graph: string; total: number; counts: Counts };
  request: Entry;
  clock: Timing;
  faults: { total: number };
  findings: {};
  fixture: { file: string; error: string | null };
}
type EventName = keyof Events | `#${Name}`;
type On = <K extends EventName>(
  names: K[],
  listener: (data: K extends keyof Events ? Events[K] : undefined) => unknown,
) => unknown;
type Message = { type: keyof Events; data?: any };
type Open = (url: string, token: string, receive: (message: Message) => void) => () => void;

// --- The page ---

type Listener = (event: any) => void;
type Attributes = Record<string, string | number | boolean | null | undefined | Listener>;
type Content = Node | string | number | false | null | undefined;
type Create = <K extends keyof HTMLElementTagNameMap>(
  tag: K | `${K}.${string}`,
  ...contents: (Content | Content[] | Attributes)[]
) => HTMLElementTagNameMap[K];

/** The rows of a list: the item at an index, if it is there already, and what its cells have. */
interface Source<T> {
  columns: string[];
  at: (index: number) => T | undefined;
  cells: (item: T) => Content[];
  /** No row is held any longer, or (`pressed`) the user wants the newest. */
  released?: (pressed: boolean) => void;
}

/** Loads what the drawer shows. */
type Details = (key: string) => Promise<Content[]>;
type Count = (count: number, noun: string) => string;
type JobKey = (jobId: string, graph?: string) => string;
type FaultButtons = (arm: (fault: unknown) => void) => Node[];
type OpenButton = (kind: "link" | "card", item: Item, ...more: Content[]) => Node;
type DrawChips = (name: "status" | "command", values: string[], contents: (value: string) => Content[]) => void;
type Titled = (title: string, ...contents: Content[]) => Node;
type Fold = (title: string, value: unknown, isOpen?: boolean) => Node;
type Show = (count: number, instead: Content[] | false, more: number) => void;
type Replace = (parent: Element, ...contents: (Content | Content[])[]) => void;
type FocusOn = (element: HTMLElement, parent?: ParentNode) => void;
type Fill = (select: HTMLSelectElement, values: string[], value: string, text: (value: string) => string) => void;
type OpenDialog = (name: string, contents: Content[], verb: string, act?: () => Promise<unknown>) => void;

/** The elements that have an id. */
type Elements = Record<
  | "board" | "clock" | "command" | "connection" | "drawer" | "faults" | "jobs" | "live" | "moves" | "nextCall"
  | "notice" | "now" | "panes" | "requests" | "requestCount" | "status",
  HTMLElement
> &
  Record<
    "boardSwitch" | "failsLate" | "findings" | "freeze" | "har" | "help" | "newRule" | "next" | "pause" | "reset" | "toJobs",
    HTMLButtonElement
  > &
  Record<"graph" | "operation" | "preset" | "project" | "rate" | "scenario" | "theme", HTMLSelectElement> &
  Record<"real" | "search" | "times", HTMLInputElement> & { dialog: HTMLDialogElement };
