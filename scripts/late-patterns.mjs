// A plugin of the bundler: makes patterns that know Unicode at their first use. The parser of V8 reads each `/\p{L}/u` of a
// file when the file is loaded, whether or not its function ever runs: 7 ms of every import (docs/decisions/doors.md).
import { parseAst } from 'rolldown/parseAst';

/** What costs the parser much: sets of characters that depend on Unicode, and long lists of words. */
const isCostly = ({ pattern, flags }) => flags.includes('u') || pattern.length > 200;

const FUNCTIONS = new Set(['ArrowFunctionExpression', 'FunctionExpression', 'FunctionDeclaration']);

/** Methods that begin a global pattern anew, so that one object can serve every call. */
const ANEW = new Set(['replace', 'replaceAll', 'match', 'matchAll', 'split']);

/** Calls `visit(node, parents)` for each node; the nearest parent comes last. */
function walk(node, visit, parents = []) {
  visit(node, parents);
  for (const [key, child] of Object.entries(node)) {
    if (key === 'parent' || child === null || typeof child !== 'object') continue;
    const children = Array.isArray(child) ? child : [child];
    for (const each of children) if (typeof each?.type === 'string') walk(each, visit, [...parents, node]);
  }
}

const isInFunction = (parents) =>
  parents.some(({ type }) => FUNCTIONS.has(type) || type === 'PropertyDefinition' || type === 'StaticBlock');

/** True for the argument of a method that begins the pattern anew. */
const isBegunAnew = (node, parents) => {
  const call = parents.at(-1);
  return (
    call?.type === 'CallExpression' &&
    call.arguments[0] === node &&
    call.callee.type === 'MemberExpression' &&
    ANEW.has(call.callee.property.name)
  );
};

/** The constant of the module that the pattern is, if it is one that nobody else sees. */
function constantOf(node, parents) {
  const [program, statement, declarator] = parents;
  const isOne =
    parents.length === 3 &&
    program.type === 'Program' &&
    statement.type === 'VariableDeclaration' &&
    statement.kind === 'const' &&
    statement.declarations.length === 1 &&
    declarator.init === node;
  return isOne ? { name: declarator.id.name, statement } : undefined;
}

/** The places that use a name, or none where one of them cannot be a call, or runs while the module is loaded. */
function usesOf(program, name) {
  const uses = [];
  let isSure = true;
  walk(program, (node, parents) => {
    if (node.type !== 'Identifier' || node.name !== name) return;
    const parent = parents.at(-1);
    if (parent.type === 'MemberExpression' && parent.property === node && !parent.computed) return;
    if (parent.type === 'VariableDeclarator' && parent.id === node && parents.length === 3) return;
    if (parent.type === 'Property' && parent.key === node && !parent.shorthand && !parent.computed) return;
    const isValue =
      (parent.type === 'MemberExpression' && parent.object === node) ||
      (parent.type === 'CallExpression' && parent.arguments.includes(node));
    if (!isValue || !isInFunction(parents)) isSure = false;
    uses.push(node);
  });
  return isSure ? uses : [];
}

/** Hoisted, so that what runs while the module is loaded can use it, too. */
const madeAtFirstUse = (name, { pattern, flags }) =>
  `var ${name}$made;
function ${name}() { return (${name}$made ??= new RegExp(${JSON.stringify(pattern)}, ${JSON.stringify(flags)})); }`;

/** The code of a module with its costly patterns made at their first use, or null where it has none. */
export function withLatePatterns(code) {
  if (!/\/[a-z]*u|.{200}/.test(code)) return null;
  const program = parseAst(code);
  const edits = [];
  const late = [];
  walk(program, (node, parents) => {
    if (node.type !== 'Literal' || node.regex === undefined || !isCostly(node.regex)) return;
    const constant = constantOf(node, parents);
    if (constant !== undefined) {
      const { name, statement } = constant;
      const uses = usesOf(program, name);
      if (uses.length === 0) return;
      edits.push([statement.start, statement.end, madeAtFirstUse(name, node.regex)]);
      for (const use of uses) edits.push([use.end, use.end, '()']);
      return;
    }
    const keepsPlace = /[gy]/.test(node.regex.flags);
    if (!isInFunction(parents) || (keepsPlace && !isBegunAnew(node, parents))) return;
    const name = `pattern$${late.length}`;
    late.push(madeAtFirstUse(name, node.regex));
    edits.push([node.start, node.end, `${name}()`]);
  });
  if (edits.length === 0) return null;
  let edited = code;
  for (const [start, end, text] of edits.sort((a, b) => b[0] - a[0]))
    edited = edited.slice(0, start) + text + edited.slice(end);
  return `${edited}\n${late.join('\n')}\n`;
}

export const latePatterns = { name: 'late-patterns', transform: (code) => withLatePatterns(code) };
