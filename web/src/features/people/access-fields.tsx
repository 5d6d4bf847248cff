/** Role and branches of a person: what they may do, and for whom. */
import "@mantine/core/styles/Checkbox.css";
import "@mantine/core/styles/Radio.css";
import { Checkbox, Radio, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import styles from "../../components/form.module.css";
import { meQuery } from "../../lib/session";
import { type Branch, ROLES, type Role } from "./api";
import own from "./people.module.css";

/** Nobody gives away more than he has; the server says the same. */
export function rolesBelow(mine: Role | undefined): Role[] {
  return ROLES.filter((role) => ROLES.indexOf(role) <= ROLES.indexOf(mine ?? "agent"));
}

/** Whoever changes the business sees all of it. */
const ALWAYS_ALL: Role[] = ["admin", "operator"];

export interface Access {
  role: Role;
  branch_ids: string[] | null;
}

export function AccessFields(props: {
  value: Access;
  onChange: (change: Partial<Access>) => void;
  branches: Branch[];
  fixedRole?: boolean;
}) {
  const { t } = useTranslation("office");
  const me = useQuery(meQuery).data;
  const { role, branch_ids } = props.value;
  return (
    <>
      <Select
        label={t("people.role")}
        description={t(`role.${role}_may`)}
        data={rolesBelow(me?.role).map((each) => ({ value: each, label: t(`role.${each}`) }))}
        value={role}
        allowDeselect={false}
        disabled={props.fixedRole}
        onChange={(value) => {
          const chosen = ROLES.find((each) => each === value) ?? role;
          props.onChange(ALWAYS_ALL.includes(chosen) ? { role: chosen, branch_ids: null } : { role: chosen });
        }}
      />
      {props.branches.length > 0 && !ALWAYS_ALL.includes(role) && (
        <Radio.Group
          label={t("people.branches")}
          value={branch_ids === null ? "all" : "some"}
          onChange={(value) => props.onChange({ branch_ids: value === "all" ? null : [] })}
        >
          <div className={styles.choice}>
            <Radio value="all" label={t("people.all")} />
            <Radio value="some" label={t("people.some")} />
          </div>
          {branch_ids !== null && (
            <Checkbox.Group
              aria-label={t("people.branches")}
              value={branch_ids}
              onChange={(value) => props.onChange({ branch_ids: value })}
            >
              <div className={own.branches}>
                {props.branches.map((branch) => (
                  <Checkbox key={branch.id} value={branch.id} label={branch.name} />
                ))}
              </div>
            </Checkbox.Group>
          )}
        </Radio.Group>
      )}
    </>
  );
}
