import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';

import { newDraft } from './event';
import { LedgerDialog } from './LedgerDialog';

const now = new Date('2026-03-08T10:30:45Z');

function show(send: jest.Mock, revokes?: string) {
  const onClose = jest.fn();
  render(<LedgerDialog draft={newDraft('other/x', now, revokes)} send={send} onClose={onClose} />);
  return onClose;
}

it('marks a fix in two clicks', async () => {
  const send = jest.fn().mockResolvedValue(undefined);
  const onClose = show(send);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(send).toHaveBeenCalledWith(expect.objectContaining({ cluster: 'other/x', action: 'fix' }));
  expect(onClose).toHaveBeenCalled();
});

it('says what is missing and sends nothing', async () => {
  const send = jest.fn();
  show(send);
  await userEvent.click(screen.getByLabelText('Take out a host'));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(screen.getByText('Say what was taken out.')).toBeInTheDocument();
  expect(send).not.toHaveBeenCalled();
});

it('keeps what was typed when the archive refuses', async () => {
  const send = jest.fn().mockRejectedValue({ data: { message: 'not allowed: vic has the role Viewer' } });
  const onClose = show(send);
  await userEvent.type(screen.getByLabelText('In words'), 'reverted');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(await screen.findByText(/role Viewer/)).toBeInTheDocument();
  expect(screen.getByLabelText('In words')).toHaveValue('reverted');
  expect(onClose).not.toHaveBeenCalled();
});

it('undoes an event', async () => {
  const send = jest.fn().mockResolvedValue(undefined);
  show(send, 'id-1');
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(send).toHaveBeenCalledWith(expect.objectContaining({ action: 'undo', revokes: 'id-1' }));
});
