import { clip } from "../text/shown";

export function Picker({
  label,
  axes,
  now,
  onPick,
}: {
  label: string;
  axes: { id: string; label: string }[];
  now: string;
  onPick: (id: string) => void;
}) {
  return (
    <label className="picker">
      {label}
      <select value={now} onChange={(event) => onPick(event.target.value)}>
        {axes.map((axis) => (
          <option key={axis.id} value={axis.id}>
            {clip(axis.label, 60)}
          </option>
        ))}
      </select>
    </label>
  );
}
