/** A short list with columns: a table on wide windows, rows of two lines on phones. Long lists have their own, virtual one. */
import type { ReactNode } from "react";
import styles from "./data-table.module.css";

export interface Column<T> {
  key: string;
  head: string;
  cell: (row: T) => ReactNode;
  /**
   * `end`: at the right, for figures. `actions`: the last column, whose head only screen readers hear; on phones one button fits at
   * the corner, more (`buttons`) get a line of their own.
   */
  kind?: "text" | "end" | "actions" | "buttons";
  /** Not worth a line on a phone. */
  wideOnly?: boolean;
}

export function DataTable<T>(props: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  dimmed?: (row: T) => boolean;
}) {
  return (
    <table className={styles.table}>
      <caption className="sr-only">{props.caption}</caption>
      <thead>
        <tr>
          {props.columns.map((column) => (
            <th key={column.key} scope="col" data-kind={column.kind}>
              {column.kind === "actions" || column.kind === "buttons" ? (
                <span className="sr-only">{column.head}</span>
              ) : (
                column.head
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row) => (
          <tr key={props.keyOf(row)} data-dimmed={props.dimmed?.(row) || undefined}>
            {props.columns.map((column) => (
              <td key={column.key} data-kind={column.kind} data-wide={column.wideOnly || undefined}>
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The name of a row over what is said about it. */
export function Named({ name, children }: { name: ReactNode; children?: ReactNode }) {
  return (
    <span className={styles.named}>
      <span className={styles.name}>{name}</span>
      {children !== undefined && <span className={styles.second}>{children}</span>}
    </span>
  );
}
