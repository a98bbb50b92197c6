import { ApiFailure, type ErrorBody } from '../../kernel/failure.ts';
import { adviceFor, declineSentence } from './test-cards.ts';

export interface Refusal {
  code: string;
  decline_code?: string;
}

/** The fields that an error reply and `last_payment_error` share. */
export function refusalFields(refusal: Refusal): Pick<ErrorBody, 'code' | 'decline_code' | 'advice_code' | 'message'> {
  const { code, decline_code } = refusal;
  const advice = adviceFor(code, decline_code);
  return {
    code,
    ...(decline_code ? { decline_code } : {}),
    ...(advice ? { advice_code: advice } : {}),
    message: declineSentence(code, decline_code),
  };
}

/** The 402 of a refused card. What led to it is kept, since the refusal itself is a fact. */
export function declineFailure(refusal: Refusal, more: Partial<ErrorBody>): ApiFailure {
  const fields = refusalFields(refusal);
  return new ApiFailure(402, { type: 'card_error', ...fields, ...more }, { commit: true });
}
