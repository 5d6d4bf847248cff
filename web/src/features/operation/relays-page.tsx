/** WhatsApp gives an app one address to call; from here its webhooks are passed on to others. */
import { ActionIcon, Button, Menu, Modal, PasswordInput, Select, TextInput } from "@mantine/core";
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
import { Standing } from "../../components/standing";
import { api } from "../../lib/api";
import { toast } from "../../lib/toast";
import { useTrouble } from "../../lib/trouble";
import { operation, type Relay } from "./api";

function RelayDialog(props: { relay: Relay | null; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation("office");
  const { t: common } = useTranslation();
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers }).data?.items ?? [];
  const [url, setUrl] = useState(props.relay?.url ?? "https://");
  const [number, setNumber] = useState(props.relay?.number_id ?? "");
  const [secret, setSecret] = useState("");
  const save = useMutation({
    mutationFn: () => {
      const change = {
        url: url.trim(),
        number_id: number === "" ? null : number,
        ...(secret === "" ? {} : { secret }),
      };
      return props.relay === null ? operation.addRelay(change) : operation.changeRelay(props.relay.id, change);
    },
    onSuccess: () => {
      props.onDone();
      props.onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={t(props.relay === null ? "relays.add" : "relays.edit")}
      closeButtonProps={{ "aria-label": common("app.close") }}
    >
      <form className={styles.fields} onSubmit={submit} noValidate>
        <TextInput
          label={t("relays.url")}
          description={t("relays.url_hint")}
          type="url"
          value={url}
          data-autofocus
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Select
          label={t("relays.number")}
          data={[
            { value: "", label: t("relays.all_numbers") },
            ...numbers.map((each) => ({ value: each.id, label: `${each.name}, ${each.display_phone}` })),
          ]}
          value={number}
          allowDeselect={false}
          onChange={(value) => setNumber(value ?? "")}
        />
        <PasswordInput
          label={t("relays.secret")}
          description={t(props.relay?.has_secret === true ? "relays.secret_kept" : "relays.secret_hint")}
          autoComplete="new-password"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": common("login.show_password") }}
        />
        <FormFoot sent={save} onClose={props.onClose} />
      </form>
    </Modal>
  );
}

export function RelaysPage() {
  const { t } = useTranslation("office");
  const words = useTrouble();
  const queries = useQueryClient();
  const relays = useQuery({ queryKey: ["relays"], queryFn: operation.relays });
  const numbers = useQuery({ queryKey: ["numbers"], queryFn: api.numbers }).data?.items ?? [];
  const [dialog, setDialog] = useState<{ kind: "edit"; relay: Relay | null } | { kind: "remove"; relay: Relay } | null>(
    null,
  );
  const close = () => setDialog(null);
  const again = () => queries.invalidateQueries({ queryKey: ["relays"] });
  const enable = (relay: Relay, enabled: boolean) =>
    operation.changeRelay(relay.id, { enabled }).then(again, (error) => toast({ color: "red", message: words(error) }));
  const add = (
    <Button
      leftSection={<Plus size={18} strokeWidth={1.75} aria-hidden="true" />}
      onClick={() => setDialog({ kind: "edit", relay: null })}
    >
      {t("relays.add")}
    </Button>
  );
  const numberOf = (relay: Relay) =>
    relay.number_id === null
      ? t("relays.all_numbers")
      : (numbers.find((number) => number.id === relay.number_id)?.name ?? "—");
  return (
    <>
      <PageHead title={t("relays.title")} actions={(relays.data?.items.length ?? 0) > 0 ? add : undefined}>
        {t("relays.explain")}
      </PageHead>
      <QueryView
        query={relays}
        isEmpty={(data) => data.items.length === 0}
        empty={
          <CordState kind="empty" title={t("relays.empty_title")} actions={add}>
            {t("relays.empty")}
          </CordState>
        }
      >
        {(data) => (
          <DataTable
            caption={t("relays.title")}
            rows={data.items}
            keyOf={(relay) => relay.id}
            dimmed={(relay) => !relay.enabled}
            columns={[
              { key: "url", head: t("relays.url"), cell: (relay) => <Named name={relay.url} /> },
              { key: "number", head: t("relays.number"), cell: numberOf },
              {
                key: "state",
                head: t("people.state"),
                cell: (relay) => (
                  <Standing
                    tone={relay.enabled ? "ok" : "quiet"}
                    word={t(relay.enabled ? "relays.on" : "relays.off")}
                  />
                ),
              },
              {
                key: "actions",
                head: t("people.actions"),
                kind: "actions",
                cell: (relay) => (
                  <Menu position="bottom-end" shadow="md">
                    <Menu.Target>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size={36}
                        aria-label={t("people.actions_of", { name: relay.url })}
                      >
                        <EllipsisVertical size={18} strokeWidth={1.75} color="var(--ink2)" />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => setDialog({ kind: "edit", relay })}>{t("relays.change")}</Menu.Item>
                      <Menu.Item onClick={() => void enable(relay, !relay.enabled)}>
                        {t(relay.enabled ? "relays.stop" : "relays.start")}
                      </Menu.Item>
                      <Menu.Item onClick={() => setDialog({ kind: "remove", relay })}>{t("relays.remove")}</Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                ),
              },
            ]}
          />
        )}
      </QueryView>
      {dialog?.kind === "edit" && <RelayDialog relay={dialog.relay} onClose={close} onDone={again} />}
      {dialog?.kind === "remove" && (
        <ConfirmDialog
          title={t("relays.remove_title")}
          action={t("relays.remove")}
          run={() => operation.removeRelay(dialog.relay.id).then(again)}
          onClose={close}
        >
          <p className="mono">{dialog.relay.url}</p>
          <p>{t("relays.remove_cost")}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
