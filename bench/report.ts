import { median } from './stats.js'
import { ratio, verdict, type Row, type Side, type Target, type Unit } from './suite.js'

const others = ['nats', 'redis', 'script', 'htop', 'bare'] as const
const titles: Record<Side, string> = {
  ours: 'OURS',
  nats: 'NATS',
  redis: 'REDIS',
  script: 'SCRIPT',
  htop: 'HTOP',
  bare: 'BARE',
}

/** The results as a table: medians of the rounds, and our number over each other's. */
export function table(rows: readonly Row[]): string {
  const shown = others.filter((side) => rows.some((row) => row.rounds[side] !== undefined))
  const head = [
    '',
    titles.ours,
    ...shown.map((side) => titles[side]),
    ...shown.map((side) => `/${titles[side]}`),
  ]
  const lines = [[...head, 'TARGET', '']]
  for (const row of rows)
    lines.push([
      row.name,
      amount(median(row.rounds.ours), row.unit),
      ...shown.map((side) => (row.rounds[side] ? amount(median(row.rounds[side]), row.unit) : '')),
      ...shown.map((side) => times(ratio(row, side))),
      row.target ? targetText(row.target, row.unit) : '',
      { met: 'met', missed: 'MISSED', not_measured: 'not measured', none: '' }[verdict(row) ?? 'none'],
    ])
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const isText = (column: number): boolean => column === 0 || column >= lines[0]!.length - 2
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** What a target asks, in words. */
export function targetText(target: Target, unit: Unit): string {
  if (target.kind === 'value') {
    const orBare = target.belowBare ? ` or ${target.belowBare.toFixed(2)} × BARE` : ''
    return `< ${amount(target.below, unit)}${orBare}`
  }
  if (target.kind === 'added') return `< BARE + ${amount(target.below, unit)}`
  const of = `× ${titles[target.to]}`
  return target.atLeast === undefined ? `< ${target.below} ${of}` : `≥ ${target.atLeast} ${of}`
}

export function amount(value: number, unit: Unit): string {
  switch (unit) {
    case 'per_second':
      return `${value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : `${(value / 1e3).toFixed(0)} k`}/s`
    case 'bytes_per_second':
      return `${(value / 1_048_576).toFixed(1)} MiB/s`
    case 'ms':
      return `${value.toFixed(value < 10 ? 1 : 0)} ms`
    case 'us':
      return `${value.toFixed(0)} µs`
    case 'bytes':
      return value >= 1_048_576
        ? `${(value / 1_048_576).toFixed(1)} MiB`
        : `${(value / 1_024).toFixed(1)} KiB`
    case 'percent':
      return `${value.toFixed(2)} %`
  }
}

function times(value: number | null): string {
  return value === null ? '' : value.toFixed(2)
}
