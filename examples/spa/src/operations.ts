import { gql, type TypedDocumentNode } from "urql";

export type Person = { _id: string; name: string };
export type Todo = { _id: string; text: string; done: boolean; by: Person | null };
export type List = {
  _id: string;
  title: string;
  owner: Person | null;
  members: { nodes: Person[] };
  todos: { nodes: Todo[] };
  _can: { update: boolean; delete: boolean };
};

export const Overview: TypedDocumentNode<{ me: Person | null; lists: { nodes: List[] }; users: { nodes: Person[] } }, object> = gql`
  query Overview {
    me {
      _id
      name
    }
    lists(orderBy: [{ title: ASC }]) {
      nodes {
        _id
        title
        owner {
          _id
          name
        }
        members(orderBy: [{ name: ASC }]) {
          nodes {
            _id
            name
          }
        }
        todos(orderBy: [{ done: ASC }, { _ts: ASC }]) {
          nodes {
            _id
            text
            done
            by {
              _id
              name
            }
          }
        }
        _can {
          update
          delete
        }
      }
    }
    users(orderBy: [{ name: ASC }]) {
      nodes {
        _id
        name
      }
    }
  }
`;

export const SignUp = gql`
  mutation SignUp($sub: String!, $name: String!) {
    createUser(data: { sub: $sub, name: $name }) {
      _id
      name
    }
  }
`;

export const AddList = gql`
  mutation AddList($title: String!) {
    createList(data: { title: $title }) {
      _id
      title
    }
  }
`;

export const RemoveList = gql`
  mutation RemoveList($id: ID!) {
    deleteList(id: $id) {
      _id
    }
  }
`;

export const Share = gql`
  mutation Share($id: ID!, $with: [ID], $without: [ID]) {
    partialUpdateList(id: $id, data: { members: { connect: $with, disconnect: $without } }) {
      _id
    }
  }
`;

export const AddTodo = gql`
  mutation AddTodo($list: ID!, $text: String!) {
    createTodo(data: { text: $text, list: { connect: $list } }) {
      _id
      text
    }
  }
`;

export const Tick = gql`
  mutation Tick($id: ID!, $done: Boolean!) {
    partialUpdateTodo(id: $id, data: { done: $done }) {
      _id
      done
    }
  }
`;

export const RemoveTodo = gql`
  mutation RemoveTodo($id: ID!) {
    deleteTodo(id: $id) {
      _id
    }
  }
`;
