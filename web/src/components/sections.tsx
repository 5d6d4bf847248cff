/** The inner column of a page with parts: whose page it is and the parts by group; on phones one button that opens the same list. */
import { Menu, UnstyledButton } from "@mantine/core";
import { Link, type LinkProps, useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import styles from "./sections.module.css";

export interface Section {
  label: string;
  link: LinkProps;
  /** Is this the page shown now? Said by the caller, because one route may show many parts. */
  current: boolean;
  /** Changes of this part that are not saved. */
  changes?: number;
}

export interface SectionGroup {
  heading: string | null;
  sections: Section[];
}

export function Sections(props: { label: string; groups: SectionGroup[]; head: ReactNode; children: ReactNode }) {
  const navigate = useNavigate();
  const current = props.groups.flatMap((group) => group.sections).find((section) => section.current);
  return (
    <div className={styles.layout}>
      <nav className={styles.column} aria-label={props.label}>
        {props.head}
        <div className={styles.wide}>
          {props.groups.map((group) => (
            <Fragment key={group.heading}>
              {group.heading !== null && <p className={styles.heading}>{group.heading}</p>}
              <ul>
                {group.sections.map((section) => (
                  <li key={section.label}>
                    <Link
                      {...section.link}
                      className={styles.section}
                      activeProps={{}}
                      aria-current={section.current ? "page" : undefined}
                    >
                      {section.label}
                      {(section.changes ?? 0) > 0 && <span className={styles.changes}>{section.changes}</span>}
                    </Link>
                  </li>
                ))}
              </ul>
            </Fragment>
          ))}
        </div>
        <div className={styles.narrow}>
          <Menu width="target" shadow="md" position="bottom-start">
            <Menu.Target>
              <UnstyledButton className={styles.choose}>
                {current?.label ?? props.label}
                <ChevronsUpDown size={16} strokeWidth={1.75} aria-hidden="true" />
              </UnstyledButton>
            </Menu.Target>
            <Menu.Dropdown>
              {props.groups.map((group) => (
                <Fragment key={group.heading}>
                  {group.heading !== null && <Menu.Label>{group.heading}</Menu.Label>}
                  {group.sections.map((section) => (
                    <Menu.Item
                      key={section.label}
                      className={styles.item}
                      aria-current={section.current ? "page" : undefined}
                      onClick={() => void navigate(section.link)}
                    >
                      {section.label}
                    </Menu.Item>
                  ))}
                </Fragment>
              ))}
            </Menu.Dropdown>
          </Menu>
        </div>
      </nav>
      <div className={styles.content}>{props.children}</div>
    </div>
  );
}
