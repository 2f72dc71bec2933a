package ruletest

// Compiled is the floor of what rules must be made of that compile: about a
// third of what the generator makes.
const Compiled = `500 Col
300 Cmp, SlotRef, decided unknown
200 One, Val, decided false, field ID, field Ref, newDoc set
100 And, Cmp ==, CurrentToken(, CurrentUser User, In, IsNull, Not, Or, SlotTest, User, decided true, field Boolean, field String, one-to-one
50 Cmp !=, Cmp >, CurrentUser(, Definite, If, Many, Member, Test, field Embedded, field Int, field Long, has(, null
30 Cmp <, Cmp <=, Cmp >=, link, newDoc copy, newDoc inc
20 CurrentUser Badge, CurrentUser Patient, Match, Size, all(, exists(, field Date, many, newDoc append, newDoc prepend, newDoc remove, range
20 size(
10 CurrentIdentity(, field Enum, field UUID, member Long, member String, startsWith(
7 HasRole(, contains(, endsWith(, field JSON, field Time, timestamp(
5 anyMember(, field Decimal, follows(, isOpen(, issued(
4 field Float, field list of Boolean, field list of Date, field list of Enum, field list of Float, field list of ID, field list of Int
4 field list of Long, field list of Time, field list of UUID, isMember(, member Date, member ID, member Int, member UUID, recalled(, sellsTo(
3 field list of String, member Boolean, member Decimal, member Enum, member JSON, member Time, now
2 filter(, hot(, matches(, signedIn
1 HasCurrentIdentity(, anyone, int(, map(, member list of String, member Float, member list of Float
`

// Asked is the floor of what a store must be asked.
const Asked = `500 SQL Cmp, SQL Col, SQL Val, SQL field ID
300 SQL And, SQL One
200 SQL Cmp ==, SQL field Ref
100 SQL CurrentUser User, SQL NotTrue, SQL Or, SQL User, SQL field Boolean, SQL one-to-one
50 SQL Cmp !=, SQL Cmp <=, SQL Cmp >, SQL Many, SQL Member, SQL None, SQL NotNull, SQL Test, SQL field Embedded, SQL field Int, SQL field Long
50 SQL field String, SQL link
30 SQL Cmp <, SQL Cmp >=, SQL In, SQL IsNull, SQL NotIn, SQL NotTest, SQL many, SQL range
20 SQL Size, SQL field Date, composed
10 SQL Match, SQL NoMatch, SQL UserVal, SQL field Enum, SQL field UUID, SQL member Long, SQL member String
7 SQL CurrentUser Patient, SQL Sum
5 SQL CurrentUser Badge, SQL Joined, SQL field Decimal, SQL field Float, SQL field JSON, SQL field Time, SQL field list of Boolean
5 SQL field list of Float, SQL field list of ID
4 SQL field list of Date, SQL field list of Enum, SQL field list of Int, SQL field list of Long, SQL field list of Time, SQL field list of UUID
3 SQL Without, SQL field list of String, SQL member Boolean, SQL member Date, SQL member Decimal, SQL member Int, SQL member JSON
3 SQL member UUID
2 SQL member Enum, SQL member ID, SQL member Time
1 SQL member list of String, SQL member Float, SQL member list of Float
`
