import { expect, test } from 'vitest';
import { fit } from '../../../src/cli/output/table.ts';

test('widths that have room stay as they are', () => {
  expect(fit([10, 20, 5], 40)).toEqual([10, 20, 5]);
});

test('when there is too little room, then the first column, which names the row, keeps its width', () => {
  expect(fit([24, 36, 9], 60)).toEqual([24, 27, 9]);
});

test('when the first column wants more than half of the room, then it gives way to that', () => {
  expect(fit([80, 30, 9], 60)).toEqual([30, 21, 9]);
});

test('when the others need less than half, then the first column has the rest', () => {
  expect(fit([80, 10, 9], 60)).toEqual([41, 10, 9]);
});

test('when not even the least fits, then every column is as narrow as a column may be', () => {
  expect(fit([20, 20, 20], 12)).toEqual([6, 6, 6]);
});

test('no column needs no room', () => {
  expect(fit([], 10)).toEqual([]);
});
