import { typed } from '#http/typed.ts';

const LIMIT_MOST = 200;

/** The parameters of every list besides its filters. */
export const pageQuery = {
  limit: typed('word')
    .regex(/^[1-9]\d{0,2}$/)
    .transform(Number)
    .refine((limit) => limit <= LIMIT_MOST)
    .meta({ description: `Rows of a page, 1 to ${LIMIT_MOST}; else 50.` })
    .optional(),
  after: typed('cursor').meta({ description: 'The `nextCursor` of the page before.' }).optional(),
};
