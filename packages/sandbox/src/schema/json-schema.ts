/**
 * The part of JSON Schema (2020-12) that the generated files use. Nothing else may appear in them, and the
 * interpreter refuses what it does not know, so a schema is never half understood.
 */
export interface JsonSchema {
  readonly type?: SchemaType | readonly SchemaType[];
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** `false` closes the object; a schema makes it a map such as `metadata`. */
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  /** `#/$defs/<name>`. */
  readonly $ref?: string;
  /** `decimal`: a decimal number written as a string, Stripe's type `Decimal`. */
  readonly format?: 'decimal';
  /** The value of `object` of a resource that the sandbox does not serve; comes with `not`. */
  readonly title?: string;
  /** `{}` refuses every value. */
  readonly not?: Readonly<Record<string, never>>;
}

export type SchemaType = 'string' | 'number' | 'boolean' | 'null' | 'array' | 'object';

/** generated/definitions.json: every named type of the surface. */
export interface DefinitionsFile {
  readonly $comment: string;
  readonly $schema: string;
  readonly $defs: Readonly<Record<string, JsonSchema>>;
}

/** generated/surface.json: what can be called, and what each name stands for. */
export interface SurfaceFile {
  readonly $comment: string;
  /** By verb and path template, such as `GET /v1/customers/:id`. */
  readonly operations: Readonly<Record<string, { readonly params?: JsonSchema; readonly reply: JsonSchema }>>;
  /** Definitions by the value of `object`: the living object, and its deleted stub if there is one. */
  readonly objects: Readonly<Record<string, readonly string[]>>;
  /** The schema of `data.object` by event type. */
  readonly events: Readonly<Record<string, JsonSchema>>;
  /** The value of `error` in a failure. */
  readonly error: JsonSchema;
}
