/** Branches: the parts of the business that see only their own calls. */
import { ActionIcon, Button, Menu, Modal, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { EllipsisVertical, Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfirmDialog } from "../../components/confirm-dialog";
import { CordState } from "../../components/cord-state";
import { DataTable, Named } from "../../components/data-table";
import styles from "../../components/form.module.css";
import { FormFoot } from "../../components/form-foot";
import { PageHead } from "../../components/page-head";
import { QueryView } from "../../components/query-view";
import { type Branch, people } from "./api";

function NameDialog(props: { branch: Branch | null; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const [name, setName] = useState(props.branch?.name ?? "");
  const save = useMutation({
    mutationFn: () =>
      props.branch === null ? people.addBranch(name.trim()) : people.renameBranch(props.branch.id, name.trim()),
    onSuccess: () => {
      props.onDone();
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() !== "") save.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(props.branch === null ? "branches.add" : "branches.rename")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={styles.fields} onSubmit={submit}>
        <TextInput
          label={t("branches.name")}
          value={name}
          maxLength={80}
          data-autofocus
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <FormFoot sent={save} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

export function BranchesPage() {
  const { t } = useTranslation("office");
  const queries = useQueryClient();
  const branches = useQuery({ queryKey: ["branches"], queryFn: people.branches });
  const users = useQuery({ queryKey: ["users"], queryFn: people.users }).data?.items ?? [];
  const [dialog, setDialog] = useState<
    { kind: "name"; branch: Branch | null } | { kind: "remove"; branch: Branch } | null
  >(null);
  const close = () => setDialog(null);
  const again = () => queries.invalidateQueries({ queryKey: ["branches"] });
  const add = (
    <Button
      leftSection={<Plus size={18} strokeWidth={1.75} aria-hidden="true" />}
      onClick={() => setDialog({ kind: "name", branch: null })}
    >
      {t("branches.add")}
    </Button>
  );
  const members = (branch: Branch) => users.filter((user) => user.branch_ids?.includes(branch.id)).length;
  return (
    <>
      <PageHead title={t("branches.title")} actions={(branches.data?.items.length ?? 0) > 0 ? add : undefined}>
        {t("branches.explain")}
      </PageHead>
      <QueryView
        query={branches}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <CordState kind="empty" title={t("branches.empty_title")} actions={add}>
            {t("branches.empty")}
          </CordState>
        }
      >
        {(data) => (
          <DataTable
            caption={t("branches.title")}
            rows={data.items}
            keyOf={(branch) => branch.id}
            columns={[
              { key: "name", head: t("branches.name"), cell: (branch) => <Named name={branch.name} /> },
              {
                key: "people",
                head: t("branches.people"),
                cell: (branch) => t("branches.members", { count: members(branch) }),
              },
              {
                key: "actions",
                head: t("people.actions"),
                kind: "actions",
                cell: (branch) => (
                  <Menu position="bottom-end" shadow="md">
                    <Menu.Target>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size={36}
                        aria-label={t("people.actions_of", { name: branch.name })}
                      >
                        <EllipsisVertical size={18} strokeWidth={1.75} color="var(--ink2)" />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => setDialog({ kind: "name", branch })}>{t("branches.rename")}</Menu.Item>
                      <Menu.Item onClick={() => setDialog({ kind: "remove", branch })}>
                        {t("branches.remove")}
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      {dialog?.kind === "name" && <NameDialog branch={dialog.branch} onClose={close} onDone={again} />}
      {dialog?.kind === "remove" && (
        <ConfirmDialog
          title={t("branches.remove_title", { name: dialog.branch.name })}
          action={t("branches.remove")}
          run={() => people.removeBranch(dialog.branch.id).then(again)}
          onClose={close}
        >
          <p>{t("branches.remove_cost", { count: members(dialog.branch) })}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
