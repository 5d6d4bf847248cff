/** Who works here, with which role and for which branches; whoever was invited and has not come yet stands among them. */
import { ActionIcon, Button, Menu } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical, UserPlus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/avatar";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CordState } from "../../components/cord-state";
import { type Column, DataTable, Named } from "../../components/data-table";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { Standing } from "../../components/standing";
import { currentLanguage, joinNames } from "../../lib/i18n";
import { meQuery } from "../../lib/session";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { type Branch, type Invitation, people, type Role, type User } from "./api";
import { HandedDialog } from "./handed-dialog";
import { InviteDialog } from "./invite-dialog";
import styles from "./people.module.css";
import { PersonDialog } from "./person-dialog";

interface Row {
  id: string;
  name: string;
  email: string;
  role: Role;
  branchIds: string[] | null;
  user: User | null;
  invitation: Invitation | null;
}

type Dialog =
  | { kind: "invite" }
  | { kind: "edit" | "disable"; user: User }
  | { kind: "withdraw"; invitation: Invitation }
  | { kind: "reset"; name: string; link: string; mailed: boolean };

function rowsOf(users: User[], invitations: Invitation[]): Row[] {
  return [
    ...users.map((user) => ({ ...user, branchIds: user.branch_ids, user, invitation: null })),
    ...invitations.map((invitation) => ({ ...invitation, branchIds: invitation.branch_ids, user: null, invitation })),
  ];
}

function RowState({ row }: { row: Row }) {
  const { t } = useTranslation("office");
  if (row.invitation?.expired === true) return <Standing tone="quiet" word={t("people.expired")} />;
  if (row.invitation !== null) return <Standing tone="warn" word={t("people.invited")} />;
  if (row.user?.disabled === true) return <Standing tone="quiet" lamp="bar" word={t("people.disabled")} />;
  return <Standing tone="ok" word={t("people.active")} />;
}

export function PeoplePage() {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const me = useQuery(meQuery).data;
  const users = useQuery({ queryKey: ["users"], queryFn: people.users });
  const invitations = useQuery({ queryKey: ["invitations"], queryFn: people.invitations });
  const branches = useQuery({ queryKey: ["branches"], queryFn: people.branches }).data?.items ?? [];
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const close = () => setDialog(null);
  const again = () => {
    void queries.invalidateQueries({ queryKey: ["users"] });
    void queries.invalidateQueries({ queryKey: ["invitations"] });
  };
  const change = async (user: User, disabled: boolean) => {
    await people.changeUser(user.id, { disabled });
    toast({ message: t(disabled ? "people.disabled_toast" : "people.enabled_toast", { name: user.name }) });
    again();
  };
  const reset = async (user: User) => {
    try {
      setDialog({ kind: "reset", name: user.name, ...(await people.resetLink(user.id)) });
    } catch (error) {
      toast({ color: "red", message: words(error) });
    }
  };

  const columns: Column<Row>[] = [
    {
      key: "name",
      head: t("people.name"),
      cell: (row) => (
        <span className={styles.person}>
          <Avatar name={row.name} size={32} />
          <Named name={row.name}>{row.email}</Named>
        </span>
      ),
    },
    { key: "role", head: t("people.role"), cell: (row) => t(`role.${row.role}`) },
    {
      key: "branches",
      head: t("people.branches"),
      cell: (row) => branchNames(row.branchIds, branches, t("people.all")),
    },
    { key: "state", head: t("people.state"), cell: (row) => <RowState row={row} /> },
    {
      key: "actions",
      head: t("people.actions"),
      kind: "actions",
      cell: ({ user, invitation, name }) => (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size={36} aria-label={t("people.actions_of", { name })}>
              <EllipsisVertical size={18} strokeWidth={1.75} color="var(--ink2)" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {user !== null && (
              <>
                <Menu.Item onClick={() => setDialog({ kind: "edit", user })}>{t("people.edit")}</Menu.Item>
                <Menu.Item onClick={() => void reset(user)}>{t("people.reset")}</Menu.Item>
                {user.disabled ? (
                  <Menu.Item onClick={() => void change(user, false)}>{t("people.enable")}</Menu.Item>
                ) : (
                  <Menu.Item disabled={user.id === me?.id} onClick={() => setDialog({ kind: "disable", user })}>
                    {t("people.disable")}
                  </Menu.Item>
                )}
              </>
            )}
            {invitation !== null && (
              <Menu.Item onClick={() => setDialog({ kind: "withdraw", invitation })}>{t("people.withdraw")}</Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];

  return (
    <>
      <PageHead
        title={t("people.title")}
        actions={
          <Button
            leftSection={<UserPlus size={18} strokeWidth={1.75} aria-hidden="true" />}
            onClick={() => setDialog({ kind: "invite" })}
          >
            {t("people.invite")}
          </Button>
        }
      >
        {t("people.explain")}
      </PageHead>
      <QueryView
        query={users}
        isEmpty={(data) => data.items.length === 0}
        empty={<CordState kind="empty" title={t("people.empty")} />}
      >
        {(data) => (
          <DataTable
            caption={t("people.title")}
            columns={columns}
            rows={rowsOf(data.items, invitations.data?.items ?? [])}
            keyOf={(row) => row.id}
            dimmed={(row) => row.user?.disabled === true}
          />
        )}
      </QueryView>
      {dialog?.kind === "invite" && <InviteDialog branches={branches} onClose={close} onDone={again} />}
      {dialog?.kind === "edit" && (
        <PersonDialog
          user={dialog.user}
          self={dialog.user.id === me?.id}
          branches={branches}
          onClose={close}
          onDone={again}
        />
      )}
      {dialog?.kind === "reset" && <HandedDialog {...dialog} onClose={close} />}
      {dialog?.kind === "disable" && (
        <ConfirmDialog
          title={t("people.disable_title", { name: dialog.user.name })}
          action={t("people.disable")}
          run={() => change(dialog.user, true)}
          onClose={close}
        >
          <p>{t("people.disable_cost", { name: dialog.user.name })}</p>
        </ConfirmDialog>
      )}
      {dialog?.kind === "withdraw" && (
        <ConfirmDialog
          title={t("people.withdraw_title", { name: dialog.invitation.name })}
          action={t("people.withdraw")}
          run={() => people.withdraw(dialog.invitation.id).then(again)}
          onClose={close}
        >
          <p>{t("people.withdraw_cost", { email: dialog.invitation.email })}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

/** The names of these branches as a sentence writes them; all of them have a word of their own. */
export function branchNames(ids: string[] | null, branches: Branch[], all: string): string {
  if (ids === null) return all;
  const names = branches.filter((branch) => ids.includes(branch.id)).map((branch) => branch.name);
  return names.length === 0 ? "—" : joinNames(names, currentLanguage());
}
