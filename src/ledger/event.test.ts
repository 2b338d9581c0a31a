import { type Action, type Draft, eventOf, missing, newDraft } from './event';

const now = new Date('2026-03-08T10:30:45Z'); // tests run in UTC
const draft = (part: Partial<Draft>): Draft => ({ ...newDraft('other/x', now), ...part });

it('begins with a fix of this minute, or with the undo that was asked for', () => {
  expect(newDraft('other/x', now)).toMatchObject({ action: 'fix', at: '2026-03-08T10:30' });
  expect(newDraft('other/x', now, 'id-1')).toMatchObject({ action: 'undo', revokes: 'id-1' });
});

it.each<[Partial<Draft>, object]>([
  [
    { builds: ' 2.4.2, ,2.4.3 ', text: ' done ' },
    { action: 'fix', text: 'done', fix: { at: '2026-03-08T10:30:00.000Z', builds: ['2.4.2', '2.4.3'] } },
  ],
  [{}, { action: 'fix', fix: { at: '2026-03-08T10:30:00.000Z' } }],
  [
    { action: 'removal', value: ' db-7 ' },
    { action: 'fix', fix: { at: '2026-03-08T10:30:00.000Z', removal: true, dimension: 'host.name', value: 'db-7' } },
  ],
  [
    { action: 'label', text: 'the unwinder race' },
    { action: 'label', text: 'the unwinder race' },
  ],
  [
    { action: 'undo', revokes: 'id-1' },
    { action: 'undo', revokes: 'id-1' },
  ],
])('makes an event of %j', (part, want) => {
  expect(JSON.parse(JSON.stringify(eventOf(draft(part))))).toEqual({ cluster: 'other/x', ...want });
});

it.each<[Action, Partial<Draft>, RegExp | undefined]>([
  ['fix', {}, undefined],
  ['fix', { at: '' }, /when/],
  ['removal', {}, /taken out/],
  ['removal', { value: 'db-7' }, undefined],
  ['label', { text: ' ' }, /Write/],
  ['note', { text: 'x' }, undefined],
  ['undo', {}, undefined],
])('says what a %s of %j lacks', (action, part, want) => {
  const got = missing(draft({ ...part, action }));
  want ? expect(got).toMatch(want) : expect(got).toBeUndefined();
});
