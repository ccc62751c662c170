/** The form: the fields people change most. It writes into the YAML beside it, place by place. */
import { useMemo } from "react";
import { useAlgorithms } from "../../api/queries";
import type { Algorithm } from "../../api/types";
import { useT } from "../../i18n";
import { Text } from "../../parts/Text";
import { type Form, open, type ParameterForm, readForm, writeForm } from "./form";

export function FormView({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const t = useT();
  const algorithms = useAlgorithms();
  const doc = useMemo(() => open(text), [text]);
  if (!doc) return <p className="why bad">{t("form.unreadable")}</p>;
  const form = readForm(doc);
  // Each change is written into a document read anew, so that what React keeps is never changed.
  const set = (change: Partial<Form>) => {
    const fresh = open(text);
    if (fresh) onChange(writeForm(fresh, change));
  };
  const chosen = algorithms.data?.find((one) => one.name === form.algorithm);
  const field = (key: "name" | "namespace" | "metric" | "additional", label: string) => (
    <Field label={label} value={form[key]} onChange={(value) => set({ [key]: value })} />
  );
  return (
    <form className="form" onSubmit={(event) => event.preventDefault()}>
      <fieldset>
        <legend>{t("form.what")}</legend>
        {field("name", t("name"))}
        {field("namespace", t("namespace"))}
      </fieldset>
      <fieldset>
        <legend>{t("objective")}</legend>
        <label className="field">
          {t("sense")}
          <select
            value={form.objectiveType}
            onChange={(event) => set({ objectiveType: event.target.value })}
          >
            <option value="maximize">{t("maximize")}</option>
            <option value="minimize">{t("minimize")}</option>
          </select>
        </label>
        {field("metric", t("metric"))}
        <Field label={t("goal")} value={form.goal} onChange={(goal) => set({ goal })} number />
        {field("additional", t("form.additional"))}
      </fieldset>
      <fieldset>
        <legend>{t("algorithm")}</legend>
        <label className="field">
          {t("algorithm")}
          <select
            value={form.algorithm}
            onChange={(event) => set({ algorithm: event.target.value, settings: [] })}
          >
            {!chosen && <option value={form.algorithm}>{form.algorithm.slice(0, 60)}</option>}
            {algorithms.data?.map((one) => (
              <option key={one.name}>{one.name}</option>
            ))}
          </select>
        </label>
        {chosen && (
          <p className="faint whole">
            <Text value={chosen.summary} most={600} />
          </p>
        )}
        {chosen && <Settings algorithm={chosen} form={form} set={set} />}
        <label className="field">
          {t("form.early")}
          <select value={form.early} onChange={(event) => set({ early: event.target.value })}>
            <option value="">{t("form.none")}</option>
            {form.early !== "" && form.early !== "medianstop" && <option>{form.early}</option>}
            <option>medianstop</option>
          </select>
        </label>
      </fieldset>
      <fieldset>
        <legend>{t("budget")}</legend>
        <Field
          label={t("parallel")}
          value={form.parallel}
          onChange={(parallel) => set({ parallel })}
          number
        />
        <Field
          label={t("budget.trials")}
          value={form.max}
          onChange={(max) => set({ max })}
          number
        />
        <Field
          label={t("form.failed")}
          value={form.maxFailed}
          onChange={(maxFailed) => set({ maxFailed })}
          number
        />
      </fieldset>
      <fieldset>
        <legend>{t("parameters")}</legend>
        <Parameters list={form.parameters} onChange={(parameters) => set({ parameters })} />
      </fieldset>
      <fieldset>
        <legend>{t("form.template")}</legend>
        {form.command === null ? (
          <p className="faint whole">{t("form.otherTemplate")}</p>
        ) : (
          <>
            <Field
              label={t("form.image")}
              value={form.image ?? ""}
              onChange={(image) => set({ image })}
              wide
            />
            <label className="field whole">
              {t("form.command")}
              <textarea
                rows={6}
                spellCheck={false}
                value={form.command}
                onChange={(event) => set({ command: event.target.value })}
              />
            </label>
            <p className="faint whole">
              {t("form.placeholders")}{" "}
              {form.parameters
                .map((one) => `\${trialParameters.${one.name}}`)
                .join(" ")
                .slice(0, 400)}
            </p>
          </>
        )}
      </fieldset>
    </form>
  );
}

function Field({
  label,
  value,
  onChange,
  number,
  wide,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  number?: boolean;
  wide?: boolean;
}) {
  return (
    <label className={wide ? "field whole" : "field"}>
      {label}
      <input
        value={value}
        inputMode={number ? "decimal" : "text"}
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function Settings({
  algorithm,
  form,
  set,
}: {
  algorithm: Algorithm;
  form: Form;
  set: (change: Partial<Form>) => void;
}) {
  const valueOf = (name: string) => form.settings.find((one) => one.name === name)?.value ?? "";
  return algorithm.settings.map((setting) => (
    <label key={setting.name} className="field setting">
      {setting.name}
      <input
        value={valueOf(setting.name)}
        placeholder={setting.default ?? ""}
        spellCheck={false}
        aria-describedby={`help-${setting.name}`}
        onChange={(event) => {
          const others = form.settings.filter((one) => one.name !== setting.name);
          set({ settings: [...others, { name: setting.name, value: event.target.value }] });
        }}
      />
      <span className="faint" id={`help-${setting.name}`}>
        <Text value={[setting.meaning, setting.limits].filter(Boolean).join(" · ")} most={400} />
      </span>
    </label>
  ));
}

const BLANK: ParameterForm = {
  name: "",
  type: "double",
  min: "0",
  max: "1",
  step: "",
  list: "",
  distribution: "",
};

function Parameters({
  list,
  onChange,
}: {
  list: ParameterForm[];
  onChange: (list: ParameterForm[]) => void;
}) {
  const t = useT();
  const change = (i: number, part: Partial<ParameterForm>) =>
    onChange(list.map((one, k) => (k === i ? { ...one, ...part } : one)));
  const cell = (i: number, key: "name" | "min" | "max" | "step" | "list", label: string) => (
    <input
      aria-label={`${label} ${i + 1}`}
      placeholder={label}
      value={list[i]?.[key] ?? ""}
      spellCheck={false}
      onChange={(event) => change(i, { [key]: event.target.value })}
    />
  );
  return (
    <div className="whole parameters">
      {list.map((one, i) => {
        const listed = one.type === "categorical" || one.type === "discrete";
        return (
          <div key={i} className="parameter-row">
            {cell(i, "name", t("name"))}
            <select
              aria-label={`${t("form.type")} ${i + 1}`}
              value={one.type}
              onChange={(event) => change(i, { type: event.target.value })}
            >
              {["double", "int", "discrete", "categorical"].map((type) => (
                <option key={type}>{type}</option>
              ))}
            </select>
            {listed ? (
              <span className="grow">{cell(i, "list", t("form.list"))}</span>
            ) : (
              <>
                {cell(i, "min", "min")}
                {cell(i, "max", "max")}
                {cell(i, "step", "step")}
                <select
                  aria-label={`${t("form.distribution")} ${i + 1}`}
                  value={one.distribution}
                  onChange={(event) => change(i, { distribution: event.target.value })}
                >
                  <option value="">uniform</option>
                  {["logUniform", "normal", "logNormal"].map((name) => (
                    <option key={name}>{name}</option>
                  ))}
                </select>
              </>
            )}
            <button
              type="button"
              className="small danger"
              aria-label={`${t("form.remove")} ${one.name.slice(0, 60)}`}
              onClick={() => onChange(list.filter((_, k) => k !== i))}
            >
              ✕
            </button>
          </div>
        );
      })}
      <button
        type="button"
        className="small"
        onClick={() => onChange([...list, { ...BLANK, name: `p${list.length + 1}` }])}
      >
        {t("form.add")}
      </button>
    </div>
  );
}
