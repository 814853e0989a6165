import path from 'node:path'
import { jsonFieldsOf, textOf } from './detail.js'
import type { Launch } from './profile.js'

/** Major, minor, patch. */
export type Version = readonly [number, number, number]

/**
 * Which version of Claude Code a program is, by where it lies, without starting it: the package it belongs to (npm), or
 * a folder of its path, as of the own installer (`claude/versions/2.1.330`), Homebrew (`claude-code/2.1.330/claude`),
 * mise and Nix. Null when neither tells.
 */
export function claudeVersion({ file, readText }: Pick<Launch, 'file' | 'readText'>): Version | null {
  return packaged(file, readText) ?? versionIn(placed.exec(file)?.[1] ?? '')
}

/** `bin/claude.exe` and `cli.js` lie at most this far beneath the package. */
const foldersMax = 3
const placed = /[/.-](?:claude|claude-code)(?:\/versions)?[/-](\d+\.\d+\.\d+)(?=\/|-|$)/

function packaged(file: string, readText: Launch['readText']): Version | null {
  let dir = path.dirname(file)
  for (let i = 0; i < foldersMax; i++) {
    const described = jsonFieldsOf(readText(path.join(dir, 'package.json')))
    // Also of one platform: `@anthropic-ai/claude-code-linux-x64`.
    if (textOf(described?.['name'])?.startsWith('@anthropic-ai/claude-code') === true)
      return versionIn(textOf(described?.['version']) ?? '')
    dir = path.dirname(dir)
  }
  return null
}

function versionIn(text: string): Version | null {
  const [, major, minor, patch] = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})/.exec(text) ?? []
  return patch === undefined ? null : [Number(major), Number(minor), Number(patch)]
}

/** Whether a version is older than another. */
export function isBefore(version: Version, other: Version): boolean {
  const at = version.findIndex((part, i) => part !== other[i])
  return at !== -1 && version[at]! < other[at]!
}
