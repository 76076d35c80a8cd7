/** Where a node stands in the document, as steps from the root; told as text only when something is to be said. */
export interface Place {
  readonly parent: Place | null;
  readonly step: string | number;
}

interface Located {
  readonly place: Place;
  /** Characters from the document's beginning. */
  readonly offset: number;
}

export interface ScalarNode extends Located {
  readonly kind: "scalar";
  readonly value: null | boolean | number | string;
}

export interface ListNode extends Located {
  readonly kind: "list";
  readonly items: readonly DocumentNode[];
}

export interface MapNode extends Located {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface MapEntry {
  readonly key: string;
  readonly keyOffset: number;
  readonly value: DocumentNode;
}

/** A policy document, YAML or JSON alike, with each value's position. Aliases are expanded, keys are unique. */
export type DocumentNode = ScalarNode | ListNode | MapNode;

/** The root of every place. */
export const ROOT: Place = { parent: null, step: "$" };
