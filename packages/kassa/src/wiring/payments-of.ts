import { customerOf } from '../flows/buyers/customer-of.ts';
import { listPaymentMethods } from '../flows/buyers/list-payment-methods.ts';
import { makeCustomer } from '../flows/buyers/make-customer.ts';
import { readCustomer } from '../flows/buyers/read-customer.ts';
import type { House } from '../flows/house.ts';
import { cancelPayment } from '../flows/payments/cancel-payment.ts';
import { confirmPayment } from '../flows/payments/confirm-payment.ts';
import { refundOrder } from '../flows/refunds/refund-order.ts';
import type { PaymentStories } from '../http/house.ts';

/** What contracts may ask about payments and those who make them. */
export function paymentsOf(house: House, thenWake: <Result>(work: Promise<Result>) => Promise<Result>): PaymentStories {
  return {
    confirmPayment: (wanted, cause) => thenWake(confirmPayment(house, wanted, cause)),
    cancelPayment: (wanted, cause) => thenWake(cancelPayment(house, wanted, cause)),
    refundOrder: (wanted) => thenWake(refundOrder(house, wanted)),
    customerOf: (buyer) => customerOf(house, buyer),
    makeCustomer: (wanted) => makeCustomer(house, wanted),
    readCustomer: (stripe_customer_id) => readCustomer(house, stripe_customer_id),
    listPaymentMethods: (wanted) => listPaymentMethods(house, wanted),
  };
}
